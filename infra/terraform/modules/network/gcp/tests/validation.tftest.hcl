# Every wrong value is refused with words before the cloud is asked. A run has one mistake in each of several
# variables, because every run costs a start of terraform.

provider "google" {
  project = "hera-tests"
  region  = "europe-west1"
}

variables {
  name              = "net"
  environment       = "dev"
  region            = "europe-west1"
  tags              = {}
  cidr              = "10.0.0.0/16"
  pod_cidr          = "10.128.0.0/14"
  service_cidr      = "172.20.0.0/16"
  zones             = ["europe-west1-b"]
  nat_mode          = "single"
  private_endpoints = []
  flow_logs         = { enabled = false, retention_days = 7 }
  cloud             = { project_id = "hera-tests" }
}

# Rules that compare two variables are only asked when both are well-formed: they have runs without other mistakes in those.

run "mistakes_1" {
  command = plan

  variables {
    name              = "Net"
    environment       = "test"
    region            = "europe"
    zones             = ["europe-b"]
    tags              = { Team = "x" }
    cidr              = "10.0.0.0/24"
    nat_mode          = "none"
    private_endpoints = ["queue"]
    flow_logs         = { enabled = true, retention_days = 4000 }
    cloud             = { project_id = "P" }
  }

  expect_failures = [
    var.name, var.environment, var.region, var.tags, var.cidr, var.nat_mode, var.private_endpoints, var.flow_logs, var.cloud,
  ]
}

run "mistakes_2" {
  command = plan

  variables {
    name     = "a23456789012345678901234567890123456789012"
    pod_cidr = "10.128.0.0/24"
    zones    = ["europe-west4-a"]
    cloud    = { project_id = "hera-tests", flow_sampling = 0 }
  }

  expect_failures = [var.name, var.pod_cidr, var.zones, var.cloud]
}

run "pods_overlap_the_network" {
  command = plan

  variables {
    pod_cidr = "10.0.0.0/12"
    zones    = ["europe-west1-b", "europe-west1-b"]
    cloud    = { project_id = "hera-tests", nat_max_ports_per_vm = 1000 }
  }

  expect_failures = [var.pod_cidr, var.zones, var.cloud]
}

run "services_overlap_the_pods" {
  command = plan

  variables {
    service_cidr = "10.129.0.0/20"
    cloud        = { project_id = "hera-tests", egress_allowed_cidrs = ["all"] }
  }

  expect_failures = [var.service_cidr, var.cloud]
}
