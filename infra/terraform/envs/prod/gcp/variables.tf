variable "project_id" {
  type        = string
  description = "Google Cloud project that holds everything."
}

variable "name" {
  type        = string
  description = "The cluster's name."
  default     = "hera-prod"
}

variable "region" {
  type        = string
  description = "Google Cloud region."
  default     = "europe-west1"
}

variable "zones" {
  type        = list(string)
  description = "Zones of the region to use, in order."
  default     = ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
}

variable "admin_groups" {
  type        = list(string)
  description = "Google groups that administer the cluster."
  default     = []
}

variable "tags" {
  type        = map(string)
  description = "Labels put on everything."
  default     = {}
}
