output "backup_url" {
  description = "Where backups go."
  value       = "gs://${google_storage_bucket.this["backups"].name}"
}

output "trace_url" {
  description = "Where traces go."
  value       = "gs://${google_storage_bucket.this["traces"].name}"
}

output "log_destination" {
  description = "Where log lines go: the id of a log bucket."
  value       = google_logging_project_bucket_config.this.id
}

output "identities" {
  description = "NAMESPACE/ACCOUNT to the identity in the cloud."
  value       = { for key, principal in local.principals : local.accounts[key] => principal }
}

output "account_annotations" {
  description = "NAMESPACE/ACCOUNT to the annotations that bind it; the manifests take them."
  value       = { for key in keys(local.principals) : local.accounts[key] => tomap({}) }
}

output "pod_labels" {
  description = "Labels that pods with an identity need beside their own."
  value       = {}
}

output "manifest_components" {
  description = "Which of k8s/components this cloud needs."
  value       = ["node-metadata"]
}

output "system_namespaces" {
  description = "Namespaces that the cloud manages itself; admission policies leave them alone."
  value       = ["gke-gmp-system", "gke-managed-cim", "gke-managed-system", "gmp-public", "gmp-system"]
}

output "cloud" {
  description = "What only Google Cloud has."
  value = {
    project_id = var.cloud.project_id
  }
}
