output "cluster_id" {
  description = "The cluster's ARN: unique over accounts and regions."
  value       = aws_eks_cluster.this.arn
}

output "cluster_name" {
  description = "The cluster's name."
  value       = aws_eks_cluster.this.name
}

output "endpoint" {
  description = "URL of the Kubernetes API."
  value       = aws_eks_cluster.this.endpoint
}

output "kubernetes_version" {
  description = "The control plane's version."
  value       = aws_eks_cluster.this.version
}

output "ca_certificate" {
  description = "The API's certificate authority, base64 PEM."
  value       = aws_eks_cluster.this.certificate_authority[0].data
  sensitive   = true
}

output "oidc_issuer_url" {
  description = "Issuer of the service accounts' tokens."
  value       = aws_eks_cluster.this.identity[0].oidc[0].issuer
}

output "workload_identity" {
  description = "What binds service accounts to IAM roles: the provider, and the ARN of every role made for one (annotation eks.amazonaws.com/role-arn)."
  value = merge(
    {
      type                        = "aws-irsa"
      provider_arn                = aws_iam_openid_connect_provider.this.arn
      issuer                      = local.issuer
      annotation                  = "eks.amazonaws.com/role-arn"
      cluster_autoscaler_role_arn = aws_iam_role.service_account["scaler"].arn
      ebs_csi_role_arn            = aws_iam_role.service_account["ebs-csi"].arn
      vpc_cni_role_arn            = aws_iam_role.service_account["vpc-cni"].arn
    },
    { for name in keys(var.cloud.workload_roles) : "${replace(name, "-", "_")}_role_arn" => aws_iam_role.service_account[name].arn }
  )
}

output "node_pool_ids" {
  description = "Pool and zone to the managed node group's id."
  value       = { for key, group in aws_eks_node_group.this : key => group.id }
}

output "secrets_key_id" {
  description = "ARN of the key for Kubernetes Secrets; empty where encryption is off."
  value       = var.secrets_encryption ? aws_kms_key.secrets[0].arn : ""
}

output "log_destination" {
  description = "Log group of the control plane; empty where no logs are kept."
  value       = local.logs == 1 ? aws_cloudwatch_log_group.this[0].name : ""
}

output "cloud" {
  description = "What only AWS has."
  value = {
    account_id                = local.account_id
    partition                 = local.partition
    cluster_arn               = aws_eks_cluster.this.arn
    cluster_security_group_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
    node_role_arn             = aws_iam_role.node.arn
  }
}
