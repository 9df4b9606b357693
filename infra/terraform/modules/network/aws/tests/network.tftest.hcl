# What the module makes of its inputs, on the simulated cloud. Each run is a fresh plan or an apply of the state before it.

provider "aws" {
  region = "eu-west-1"
}

variables {
  name              = "orchard"
  environment       = "prod"
  region            = "eu-west-1"
  tags              = { team = "platform" }
  cidr              = "10.20.0.0/16"
  pod_cidr          = "10.128.0.0/14"
  service_cidr      = "172.20.0.0/16"
  zones             = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  nat_mode          = "zone"
  private_endpoints = ["storage", "registry", "secrets", "logs"]
  flow_logs         = { enabled = true, retention_days = 365 }
  cloud             = {}
}

run "subnets_are_cut_from_the_range" {
  command = plan

  assert {
    condition     = [for zone in var.zones : aws_subnet.private[zone].cidr_block] == ["10.20.0.0/18", "10.20.64.0/18", "10.20.128.0/18"]
    error_message = "private subnets are the first three quarters"
  }

  assert {
    condition     = [for zone in var.zones : aws_subnet.public[zone].cidr_block] == ["10.20.192.0/20", "10.20.208.0/20", "10.20.224.0/20"]
    error_message = "public subnets are cut from the last quarter"
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.public : subnet.map_public_ip_on_launch == false])
    error_message = "nothing gets a public address by itself"
  }
}

run "subnets_of_many_zones_are_eighths" {
  command = plan

  variables {
    cloud = { zone_capacity = 6 }
  }

  assert {
    condition     = [for zone in var.zones : aws_subnet.private[zone].cidr_block] == ["10.20.0.0/19", "10.20.32.0/19", "10.20.64.0/19"]
    error_message = "a capacity of six leaves room for three more zones without moving these"
  }

  assert {
    condition     = aws_subnet.public["eu-west-1c"].cidr_block == "10.20.232.0/22"
    error_message = "public subnets are cut from the last eighth"
  }
}

run "subnets_carry_what_load_balancers_look_for" {
  command = plan

  assert {
    condition = alltrue([
      for subnet in aws_subnet.private :
      subnet.tags["kubernetes.io/role/internal-elb"] == "1" && subnet.tags["kubernetes.io/cluster/orchard"] == "shared"
    ])
    error_message = "internal load balancers find the private subnets"
  }

  assert {
    condition = alltrue([
      for subnet in aws_subnet.public :
      subnet.tags["kubernetes.io/role/elb"] == "1" && subnet.tags["kubernetes.io/cluster/orchard"] == "shared"
    ])
    error_message = "public load balancers find the public subnets"
  }
}

run "everything_says_whose_it_is" {
  command = plan

  assert {
    condition = alltrue([
      for tags in concat(
        [aws_vpc.this.tags, aws_internet_gateway.this.tags, aws_default_security_group.this.tags, aws_route_table.public.tags],
        [aws_vpc_endpoint.s3[0].tags, aws_security_group.endpoints[0].tags, aws_vpc_security_group_ingress_rule.endpoints[0].tags],
        [aws_kms_key.flow_logs[0].tags, aws_cloudwatch_log_group.flow_logs[0].tags, aws_iam_role.flow_logs[0].tags, aws_flow_log.this[0].tags],
        values(aws_subnet.private)[*].tags,
        values(aws_subnet.public)[*].tags,
        values(aws_eip.nat)[*].tags,
        values(aws_nat_gateway.this)[*].tags,
        values(aws_route_table.private)[*].tags,
        values(aws_vpc_endpoint.interface)[*].tags,
      ) :
      tags["hera-cluster"] == "orchard" && tags["hera-environment"] == "prod" && tags["hera-stage"] == "network" &&
      tags["managed-by"] == "hera" && tags["team"] == "platform"
    ])
    error_message = "ownership tags and the user's tags are on every taggable resource"
  }
}

run "one_nat_gateway_a_zone" {
  command = plan

  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_eip.nat) == 3 && length(aws_route.private) == 3
    error_message = "prod loses a zone without losing its way out"
  }
}

run "one_nat_gateway_for_all" {
  command = plan

  variables {
    nat_mode = "single"
  }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-west-1a"] && length(aws_eip.nat) == 1
    error_message = "dev pays for one gateway, in the first zone"
  }

  assert {
    condition     = length(aws_route_table.private) == 3 && length(aws_route.private) == 3
    error_message = "each zone keeps a route table of its own, so a later change of mode only changes routes"
  }
}

run "endpoints_for_every_word" {
  command = plan

  assert {
    condition     = keys(aws_vpc_endpoint.interface) == ["ec2", "ecr.api", "ecr.dkr", "logs", "secretsmanager", "sts"]
    error_message = "registry, secrets and logs become interface endpoints, and bring ec2 and sts along"
  }

  assert {
    condition     = aws_vpc_endpoint.s3[0].vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.s3[0].service_name == "com.amazonaws.eu-west-1.s3"
    error_message = "storage is the S3 gateway endpoint"
  }

  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled])
    error_message = "clients reach the endpoints under the services' own names"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints[0].cidr_ipv4 == "10.20.0.0/16" && aws_vpc_security_group_ingress_rule.endpoints[0].from_port == 443
    error_message = "only HTTPS from the VPC gets in"
  }

  assert {
    condition     = jsondecode(aws_vpc_endpoint.interface["ecr.api"].policy).Statement[0].Condition.StringEquals["aws:PrincipalAccount"] == data.aws_caller_identity.current.account_id
    error_message = "only principals of the own account use the endpoints"
  }
}

run "endpoints_only_for_storage" {
  command = plan

  variables {
    private_endpoints = ["storage"]
  }

  assert {
    condition     = length(aws_vpc_endpoint.s3) == 1 && length(aws_vpc_endpoint.interface) == 0 && length(aws_security_group.endpoints) == 0
    error_message = "dev pays for no interface endpoint and no group for them"
  }
}

run "endpoints_by_name" {
  command = plan

  variables {
    private_endpoints = []
    cloud             = { interface_endpoints = ["eks-auth", "sts"] }
  }

  assert {
    condition     = keys(aws_vpc_endpoint.interface) == ["eks-auth", "sts"] && length(aws_vpc_endpoint.s3) == 0
    error_message = "interface endpoints can be named one by one"
  }
}

run "flow_logs_are_encrypted_and_kept" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_group.flow_logs[0].retention_in_days == 365 && aws_flow_log.this[0].traffic_type == "ALL"
    error_message = "prod keeps a year of accepted and refused traffic"
  }

  assert {
    condition     = aws_kms_key.flow_logs[0].enable_key_rotation && strcontains(aws_kms_key.flow_logs[0].policy, "log-group:/hera/orchard/vpc-flow-logs")
    error_message = "the key turns every year and serves this log group only"
  }

  assert {
    condition     = jsondecode(aws_iam_role.flow_logs[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == data.aws_caller_identity.current.account_id
    error_message = "no other account's flow logs may take the role"
  }
}

run "flow_logs_off_leave_nothing" {
  command = plan

  variables {
    flow_logs = { enabled = false, retention_days = 14 }
  }

  assert {
    condition     = length(aws_flow_log.this) + length(aws_cloudwatch_log_group.flow_logs) + length(aws_kms_key.flow_logs) + length(aws_iam_role.flow_logs) == 0
    error_message = "no key, group or role is paid for or left around"
  }

  assert {
    condition     = output.cloud.flow_log_group == ""
    error_message = "the output says that there is none"
  }
}

run "encryption_control_and_public_access_exclusion" {
  command = plan

  variables {
    cloud = { encryption_control = "enforce", public_access_exclusion = "allow-egress" }
  }

  assert {
    condition     = aws_vpc_encryption_control.this[0].mode == "enforce" && aws_vpc_encryption_control.this[0].nat_gateway_exclusion == "enable"
    error_message = "enforcing names the gateways that can't be encrypted"
  }

  assert {
    condition     = aws_vpc_block_public_access_exclusion.this[0].internet_gateway_exclusion_mode == "allow-egress"
    error_message = "a guarded account lets this VPC out and nothing in"
  }
}

run "a_dev_network_comes_up" {
  variables {
    environment       = "dev"
    zones             = ["eu-west-1a", "eu-west-1b"]
    nat_mode          = "single"
    private_endpoints = ["storage"]
    flow_logs         = { enabled = true, retention_days = 14 }
  }

  assert {
    condition     = output.network_id == aws_vpc.this.id && output.network_name == "orchard" && output.cidr == "10.20.0.0/16"
    error_message = "the network says who it is"
  }

  assert {
    condition     = keys(output.private_subnet_ids) == ["eu-west-1a", "eu-west-1b"] && keys(output.public_subnet_ids) == ["eu-west-1a", "eu-west-1b"]
    error_message = "subnets are given by zone"
  }

  assert {
    condition     = output.nat_public_ips == [aws_eip.nat["eu-west-1a"].public_ip]
    error_message = "the way out is known by its address"
  }

  assert {
    condition     = output.cloud.account_id != "" && output.cloud.endpoints_security_group_id == "" && output.cloud.flow_log_group == "/hera/orchard/vpc-flow-logs"
    error_message = "the cluster layer gets what only AWS has"
  }
}

# Same state as before: what a running dev network turns into, without losing a subnet or a route table.
run "dev_grows_into_prod" {
  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_vpc_endpoint.interface) == 6 && aws_cloudwatch_log_group.flow_logs[0].retention_in_days == 365
    error_message = "gateways, endpoints and retention follow the values"
  }

  assert {
    condition     = alltrue([for zone in ["eu-west-1a", "eu-west-1b"] : aws_subnet.private[zone].id == run.a_dev_network_comes_up.private_subnet_ids[zone]])
    error_message = "a zone more moves no subnet"
  }
}
