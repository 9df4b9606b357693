# Private endpoints: traffic to AWS services that neither leaves the VPC nor pays the NAT gateway.

locals {
  endpoint_services = {
    registry = ["ecr.api", "ecr.dkr"]
    secrets  = ["secretsmanager"]
    logs     = ["logs"]
  }
  asked_endpoints = toset(flatten([for word in var.private_endpoints : lookup(local.endpoint_services, word, [])]))

  # Nodes ask EC2 for their interfaces and pods ask STS for their identity before anything else works, so whoever wants
  # one interface endpoint wants these too.
  extra_endpoints = (
    var.cloud.interface_endpoints != null ? var.cloud.interface_endpoints :
    length(local.asked_endpoints) > 0 ? toset(["ec2", "sts"]) : toset([])
  )
  interface_endpoints = setunion(local.asked_endpoints, local.extra_endpoints)

  # Only principals of this account pass. Not for STS: a web identity has no account before it has assumed a role.
  endpoint_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OwnAccountOnly"
      Effect    = "Allow"
      Principal = "*"
      Action    = "*"
      Resource  = "*"
      Condition = { StringEquals = { "aws:PrincipalAccount" = local.account_id } }
    }]
  })
}

resource "aws_vpc_endpoint" "s3" {
  count = contains(var.private_endpoints, "storage") ? 1 : 0

  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for zone in var.zones : aws_route_table.private[zone].id]
  tags              = merge(local.tags, { Name = "${var.name}-s3", "hera-zones" = "0" })
}

resource "aws_security_group" "endpoints" {
  count = length(local.interface_endpoints) > 0 ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "HTTPS from the VPC to its interface endpoints"
  vpc_id      = aws_vpc.this.id
  tags        = merge(local.tags, { Name = "${var.name}-endpoints" })
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  count = length(local.interface_endpoints) > 0 ? 1 : 0

  security_group_id = aws_security_group.endpoints[0].id
  description       = "HTTPS from the VPC"
  cidr_ipv4         = var.cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = merge(local.tags, { Name = "${var.name}-endpoints" })
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interface_endpoints

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for zone in var.zones : aws_subnet.private[zone].id]
  security_group_ids  = [aws_security_group.endpoints[0].id]
  policy              = each.key == "sts" ? null : local.endpoint_policy

  # AWS bills an interface in each zone, and gateways not at all; a plan shows how many only here.
  tags = merge(local.tags, { Name = "${var.name}-${each.key}", "hera-zones" = tostring(length(var.zones)) })
}
