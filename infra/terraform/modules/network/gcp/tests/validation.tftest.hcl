# Every wrong value is refused with words before the cloud is asked.

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

run "name_with_capitals" {
  command = plan

  variables {
    name = "Net"
  }

  expect_failures = [var.name]
}

run "name_too_long" {
  command = plan

  variables {
    name = "a23456789012345678901234567890123456789012"
  }

  expect_failures = [var.name]
}

run "unknown_environment" {
  command = plan

  variables {
    environment = "test"
  }

  expect_failures = [var.environment]
}

run "zone_as_region" {
  command = plan

  variables {
    region = "europe"
    zones  = ["europe-b"]
  }

  expect_failures = [var.region]
}

run "label_with_capitals" {
  command = plan

  variables {
    tags = { Team = "x" }
  }

  expect_failures = [var.tags]
}

run "cidr_too_small" {
  command = plan

  variables {
    cidr = "10.0.0.0/24"
  }

  expect_failures = [var.cidr]
}

run "pods_too_few" {
  command = plan

  variables {
    pod_cidr = "10.128.0.0/24"
  }

  expect_failures = [var.pod_cidr]
}

run "pods_overlap" {
  command = plan

  variables {
    pod_cidr = "10.0.0.0/12"
  }

  expect_failures = [var.pod_cidr]
}

run "services_overlap" {
  command = plan

  variables {
    service_cidr = "10.129.0.0/20"
  }

  expect_failures = [var.service_cidr]
}

run "foreign_zone" {
  command = plan

  variables {
    zones = ["europe-west4-a"]
  }

  expect_failures = [var.zones]
}

run "same_zone_twice" {
  command = plan

  variables {
    zones = ["europe-west1-b", "europe-west1-b"]
  }

  expect_failures = [var.zones]
}

run "unknown_nat_mode" {
  command = plan

  variables {
    nat_mode = "none"
  }

  expect_failures = [var.nat_mode]
}

run "unknown_endpoint" {
  command = plan

  variables {
    private_endpoints = ["queue"]
  }

  expect_failures = [var.private_endpoints]
}

run "retention_too_long" {
  command = plan

  variables {
    flow_logs = { enabled = true, retention_days = 4000 }
  }

  expect_failures = [var.flow_logs]
}

run "bad_project" {
  command = plan

  variables {
    cloud = { project_id = "P" }
  }

  expect_failures = [var.cloud]
}

run "bad_sampling" {
  command = plan

  variables {
    cloud = { project_id = "hera-tests", flow_sampling = 0 }
  }

  expect_failures = [var.cloud]
}

run "bad_ports" {
  command = plan

  variables {
    cloud = { project_id = "hera-tests", nat_max_ports_per_vm = 1000 }
  }

  expect_failures = [var.cloud]
}

run "bad_egress" {
  command = plan

  variables {
    cloud = { project_id = "hera-tests", egress_allowed_cidrs = ["all"] }
  }

  expect_failures = [var.cloud]
}
