# What is refused, with a message that says what is accepted.

provider "aws" {
  region = "eu-west-1"
}

variables {
  name              = "orchard"
  environment       = "dev"
  region            = "eu-west-1"
  tags              = {}
  cidr              = "10.20.0.0/16"
  pod_cidr          = "10.128.0.0/14"
  service_cidr      = "172.20.0.0/16"
  zones             = ["eu-west-1a", "eu-west-1b"]
  nat_mode          = "single"
  private_endpoints = ["storage"]
  flow_logs         = { enabled = true, retention_days = 14 }
  cloud             = {}
}

run "name_with_capitals" {
  command = plan
  variables { name = "Orchard" }
  expect_failures = [var.name]
}

run "unknown_environment" {
  command = plan
  variables { environment = "test" }
  expect_failures = [var.environment]
}

run "region_in_china" {
  command = plan
  variables { region = "cn-north-1" }
  expect_failures = [var.region]
}

run "tag_of_aws" {
  command = plan
  variables { tags = { "aws:owner" = "me" } }
  expect_failures = [var.tags]
}

run "range_with_host_bits" {
  command = plan
  variables { cidr = "10.20.0.1/16" }
  expect_failures = [var.cidr]
}

run "range_too_small" {
  command = plan
  variables { cidr = "10.20.0.0/25" }
  expect_failures = [var.cidr]
}

run "range_too_small_for_six_zones" {
  command = plan
  variables {
    cidr  = "10.20.0.0/24"
    cloud = { zone_capacity = 6 }
  }
  expect_failures = [var.cidr]
}

run "services_inside_the_network" {
  command = plan
  variables { service_cidr = "10.20.128.0/20" }
  expect_failures = [var.service_cidr]
}

run "network_inside_the_services" {
  command = plan
  variables { service_cidr = "10.16.0.0/12" }
  expect_failures = [var.service_cidr]
}

run "one_zone" {
  command = plan
  variables { zones = ["eu-west-1a"] }
  expect_failures = [var.zones]
}

run "same_zone_twice" {
  command = plan
  variables { zones = ["eu-west-1a", "eu-west-1a"] }
  expect_failures = [var.zones]
}

run "zone_of_another_region" {
  command = plan
  variables { zones = ["eu-west-1a", "us-east-1a"] }
  expect_failures = [var.zones]
}

run "unknown_nat_mode" {
  command = plan
  variables { nat_mode = "none" }
  expect_failures = [var.nat_mode]
}

run "unknown_endpoint" {
  command = plan
  variables { private_endpoints = ["storage", "queue"] }
  expect_failures = [var.private_endpoints]
}

run "retention_that_cloudwatch_does_not_have" {
  command = plan
  variables { flow_logs = { enabled = true, retention_days = 10 } }
  expect_failures = [var.flow_logs]
}

run "unknown_encryption_control" {
  command = plan
  variables { cloud = { encryption_control = "on" } }
  expect_failures = [var.cloud]
}

run "endpoint_by_its_whole_name" {
  command = plan
  variables { cloud = { interface_endpoints = ["com.amazonaws.eu-west-1.STS"] } }
  expect_failures = [var.cloud]
}
