variable "name" {
  description = "Name of the cluster."
  type        = string
}

variable "environment" {
  description = "Environment, for tags."
  type        = string
}

variable "region" {
  description = "Region."
  type        = string
}

variable "tags" {
  description = "The user's tags."
  type        = map(string)
}

variable "cidr" {
  description = "Range of the network."
  type        = string
}

variable "pod_cidr" {
  description = "Range of the pods."
  type        = string
}

variable "service_cidr" {
  description = "Range of the Services."
  type        = string
}

variable "zones" {
  description = "Zones, in order."
  type        = list(string)
}

variable "nat_mode" {
  description = "single or zone."
  type        = string
}

variable "private_endpoints" {
  description = "Services reached privately."
  type        = set(string)
}

variable "flow_logs" {
  description = "Records of traffic."
  type        = object({ enabled = bool, retention_days = number })
}

variable "cloud" {
  description = "What only Nimbus has."
  type        = object({ altitude = number, home = string })
}
