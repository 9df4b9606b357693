# Values that are refused before anything is planned.

provider "azurerm" {
  features {}
}

variables {
  name              = "demo"
  environment       = "dev"
  region            = "westeurope"
  cidr              = "10.20.0.0/16"
  pod_cidr          = "10.128.0.0/14"
  service_cidr      = "172.20.0.0/16"
  zones             = ["1", "2", "3"]
  nat_mode          = "single"
  private_endpoints = []
  flow_logs         = { enabled = false, retention_days = 30 }
}

run "name" {
  command = plan
  variables {
    name = "Demo_1"
  }
  expect_failures = [var.name]
}

run "environment" {
  command = plan
  variables {
    environment = "test"
  }
  expect_failures = [var.environment]
}

run "region_in_words" {
  command = plan
  variables {
    region = "West Europe"
  }
  expect_failures = [var.region]
}

run "cidr_too_small" {
  command = plan
  variables {
    cidr = "10.20.0.0/25"
  }
  expect_failures = [var.cidr]
}

run "cidr_with_host_bits" {
  command = plan
  variables {
    cidr = "10.20.0.1/16"
  }
  expect_failures = [var.cidr]
}

run "pods_in_the_network" {
  command = plan
  variables {
    pod_cidr = "10.0.0.0/8"
  }
  expect_failures = [var.pod_cidr]
}

run "services_in_the_network" {
  command = plan
  variables {
    service_cidr = "10.20.128.0/20"
  }
  expect_failures = [var.service_cidr]
}

run "zone_of_another_cloud" {
  command = plan
  variables {
    zones = ["westeurope-a"]
  }
  expect_failures = [var.zones]
}

run "nat_mode" {
  command = plan
  variables {
    nat_mode = "none"
  }
  expect_failures = [var.nat_mode]
}

run "private_endpoint" {
  command = plan
  variables {
    private_endpoints = ["database"]
  }
  expect_failures = [var.private_endpoints]
}

run "flow_logs_forever" {
  command = plan
  variables {
    flow_logs = { enabled = true, retention_days = 0 }
  }
  expect_failures = [var.flow_logs]
}

run "tag_with_slash" {
  command = plan
  variables {
    tags = { "team/shop" = "yes" }
  }
  expect_failures = [var.tags]
}

run "link_without_service" {
  command = plan
  variables {
    cloud = { private_links = { images = { service = "registry", resource_id = "/subscriptions/s/r" } } }
  }
  expect_failures = [var.cloud]
}
