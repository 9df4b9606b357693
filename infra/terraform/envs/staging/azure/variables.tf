variable "name" {
  description = "The cluster's name."
  type        = string
  default     = "hera-staging"
}

variable "region" {
  description = "Azure region in its short form; it must have three zones."
  type        = string
  default     = "westeurope"
}

variable "kubernetes_version" {
  description = "Kubernetes minor version."
  type        = string
  default     = "1.34"
}

variable "admin_groups" {
  description = "Object ids of the Entra groups that administer the cluster."
  type        = list(string)
  default     = []
}

variable "operator_ids" {
  description = "Object ids of the Entra users and identities that run Terraform; empty: whoever runs it."
  type        = set(string)
  default     = []
}

variable "operator_cidrs" {
  description = "Public ranges that Terraform runs from; closes the key vault's firewall to everything else."
  type        = set(string)
  default     = []
}

variable "tags" {
  description = "Tags for everything, beside Hera's own."
  type        = map(string)
  default     = {}
}

variable "subscription_id" {
  description = "Azure subscription; null: the one in ARM_SUBSCRIPTION_ID."
  type        = string
  default     = null
}
