variable "name" {
  description = "The cluster's name."
  type        = string
  default     = "hera-dev"
}

variable "region" {
  description = "AWS region; its zones a, b and c are used."
  type        = string
  default     = "eu-west-1"
}

variable "kubernetes_version" {
  description = "Kubernetes version."
  type        = string
  default     = "1.34"
}

variable "admin_groups" {
  description = "ARNs of the IAM roles and users that administer the cluster; with none, nobody can use its API."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags for everything, beside Hera's own."
  type        = map(string)
  default     = {}
}

variable "account_ids" {
  description = "Accounts that this may run in; empty: any that the credentials lead to."
  type        = list(string)
  default     = []
}
