output "backup_url" {
  description = "Where backups go."
  value       = "s3://${aws_s3_bucket.this["backups"].bucket}"
}

output "trace_url" {
  description = "Where traces go."
  value       = "s3://${aws_s3_bucket.this["traces"].bucket}"
}

output "log_destination" {
  description = "Where log lines go: a CloudWatch log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "identities" {
  description = "NAMESPACE/ACCOUNT to the identity in the cloud."
  value       = { for key, role in aws_iam_role.this : local.accounts[key] => role.arn }
}

output "account_annotations" {
  description = "NAMESPACE/ACCOUNT to the annotations that bind it; the manifests take them."
  value       = { for key, role in aws_iam_role.this : local.accounts[key] => { "eks.amazonaws.com/role-arn" = role.arn } }
}

output "pod_labels" {
  description = "Labels that pods with an identity need beside their own."
  value       = {}
}

output "manifest_components" {
  description = "Which of k8s/components this cloud needs."
  value       = []
}

output "system_namespaces" {
  description = "Namespaces that the cloud manages itself; admission policies leave them alone."
  value       = ["amazon-cloudwatch", "amazon-guardduty", "aws-observability"]
}

output "cloud" {
  description = "What only AWS has."
  value = {
    key_arn     = aws_kms_key.stores.arn
    log_key_arn = aws_kms_key.logs.arn
  }
}
