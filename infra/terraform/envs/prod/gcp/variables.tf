variable "project_id" {
  description = "Google Cloud project that holds everything."
  type        = string
}

variable "name" {
  description = "The cluster's name."
  type        = string
  default     = "hera-prod"
}

variable "region" {
  description = "Google Cloud region."
  type        = string
  default     = "europe-west1"
}

variable "zones" {
  description = "Zones of the region to use, in order; which letters a region has differs."
  type        = list(string)
  default     = ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
}

variable "kubernetes_version" {
  description = "Kubernetes minor version."
  type        = string
  default     = "1.34"
}

variable "admin_groups" {
  description = "Mail addresses of the Google groups that administer the cluster."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Labels for everything, beside Hera's own."
  type        = map(string)
  default     = {}
}
