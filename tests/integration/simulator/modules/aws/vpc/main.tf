# In the style of terraform-aws-modules/terraform-aws-vpc, written from memory.
variable "create" {
  type    = bool
  default = true
}
variable "name" { type = string }
variable "cidr" { type = string }
variable "azs" { type = list(string) }
variable "public_subnets" { type = list(string) }
variable "private_subnets" { type = list(string) }
variable "intra_subnets" {
  type    = list(string)
  default = []
}
variable "single_nat_gateway" {
  type    = bool
  default = false
}
variable "secondary_cidr_blocks" {
  type    = list(string)
  default = []
}
variable "default_security_group_ingress" {
  type    = list(map(string))
  default = []
}
variable "enable_flow_log" {
  type    = bool
  default = true
}
variable "public_subnet_tags" {
  type    = map(string)
  default = {}
}
variable "tags" {
  type    = map(string)
  default = {}
}

locals {
  max_subnet_length = max(length(var.private_subnets), length(var.public_subnets))
  nat_gateway_count = var.single_nat_gateway ? 1 : local.max_subnet_length
  vpc_id            = try(aws_vpc_ipv4_cidr_block_association.this[0].vpc_id, aws_vpc.this[0].id, "")
}

resource "aws_vpc" "this" {
  count                            = var.create ? 1 : 0
  cidr_block                       = var.cidr
  enable_dns_hostnames             = true
  enable_dns_support               = true
  assign_generated_ipv6_cidr_block = false
  tags                             = merge({ "Name" = var.name }, var.tags)
}
resource "aws_vpc_ipv4_cidr_block_association" "this" {
  count      = var.create && length(var.secondary_cidr_blocks) > 0 ? length(var.secondary_cidr_blocks) : 0
  vpc_id     = aws_vpc.this[0].id
  cidr_block = element(var.secondary_cidr_blocks, count.index)
}
resource "aws_default_security_group" "this" {
  count  = var.create ? 1 : 0
  vpc_id = aws_vpc.this[0].id
  dynamic "ingress" {
    for_each = var.default_security_group_ingress
    content {
      self        = lookup(ingress.value, "self", null)
      cidr_blocks = compact(split(",", lookup(ingress.value, "cidr_blocks", "")))
      from_port   = lookup(ingress.value, "from_port", 0)
      to_port     = lookup(ingress.value, "to_port", 0)
      protocol    = lookup(ingress.value, "protocol", "-1")
    }
  }
  tags = merge({ "Name" = "${var.name}-default" }, var.tags)
}
resource "aws_default_network_acl" "this" {
  count                  = var.create ? 1 : 0
  default_network_acl_id = aws_vpc.this[0].default_network_acl_id
  subnet_ids             = null
  dynamic "ingress" {
    for_each = [{ rule_no = 100, cidr_block = "0.0.0.0/0" }, { rule_no = 101, ipv6_cidr_block = "::/0" }]
    content {
      action          = "allow"
      cidr_block      = lookup(ingress.value, "cidr_block", null)
      from_port       = 0
      ipv6_cidr_block = lookup(ingress.value, "ipv6_cidr_block", null)
      protocol        = "-1"
      rule_no         = ingress.value.rule_no
      to_port         = 0
    }
  }
  egress {
    action     = "allow"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    protocol   = "-1"
    rule_no    = 100
    to_port    = 0
  }
  tags = merge({ "Name" = "${var.name}-default" }, var.tags)
  lifecycle {
    ignore_changes = [subnet_ids]
  }
}
resource "aws_default_route_table" "default" {
  count                  = var.create ? 1 : 0
  default_route_table_id = aws_vpc.this[0].default_route_table_id
  propagating_vgws       = []
  dynamic "route" {
    for_each = []
    content {
      cidr_block = route.value.cidr_block
      gateway_id = lookup(route.value, "gateway_id", null)
    }
  }
  timeouts {
    create = "5m"
    update = "5m"
  }
  tags = merge({ "Name" = "${var.name}-default" }, var.tags)
}
resource "aws_internet_gateway" "this" {
  count  = var.create && length(var.public_subnets) > 0 ? 1 : 0
  vpc_id = local.vpc_id
  tags   = merge({ "Name" = var.name }, var.tags)
}
resource "aws_subnet" "public" {
  count                   = var.create ? length(var.public_subnets) : 0
  availability_zone       = length(regexall("^[a-z]{2}-", element(var.azs, count.index))) > 0 ? element(var.azs, count.index) : null
  availability_zone_id    = length(regexall("^[a-z]{2}-", element(var.azs, count.index))) == 0 ? element(var.azs, count.index) : null
  cidr_block              = element(concat(var.public_subnets, [""]), count.index)
  map_public_ip_on_launch = true
  vpc_id                  = local.vpc_id
  tags                    = merge({ Name = format("%s-public-%s", var.name, element(var.azs, count.index)) }, var.tags, var.public_subnet_tags)
}
resource "aws_subnet" "private" {
  count             = var.create ? length(var.private_subnets) : 0
  availability_zone = element(var.azs, count.index)
  cidr_block        = element(concat(var.private_subnets, [""]), count.index)
  vpc_id            = local.vpc_id
  tags              = merge({ Name = format("%s-private-%s", var.name, element(var.azs, count.index)) }, var.tags)
}
resource "aws_subnet" "intra" {
  for_each          = { for i, c in var.intra_subnets : element(var.azs, i) => c }
  availability_zone = each.key
  cidr_block        = each.value
  vpc_id            = local.vpc_id
}
resource "aws_route_table" "public" {
  count  = length(var.public_subnets) > 0 ? 1 : 0
  vpc_id = local.vpc_id
  tags   = merge({ "Name" = "${var.name}-public" }, var.tags)
}
resource "aws_route" "public_internet_gateway" {
  count                  = length(var.public_subnets) > 0 ? 1 : 0
  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
  timeouts {
    create = "5m"
  }
}
resource "aws_route_table_association" "public" {
  count          = length(var.public_subnets)
  subnet_id      = element(aws_subnet.public[*].id, count.index)
  route_table_id = element(aws_route_table.public[*].id, count.index)
}
resource "aws_route_table" "private" {
  count  = local.nat_gateway_count
  vpc_id = local.vpc_id
  tags   = merge({ "Name" = format("%s-private-%s", var.name, element(var.azs, count.index)) }, var.tags)
}
resource "aws_route_table_association" "private" {
  count          = length(var.private_subnets)
  subnet_id      = element(aws_subnet.private[*].id, count.index)
  route_table_id = element(aws_route_table.private[*].id, var.single_nat_gateway ? 0 : count.index)
}
resource "aws_eip" "nat" {
  count      = local.nat_gateway_count
  domain     = "vpc"
  tags       = merge({ "Name" = format("%s-%s", var.name, element(var.azs, count.index)) }, var.tags)
  depends_on = [aws_internet_gateway.this]
}
resource "aws_nat_gateway" "this" {
  count         = local.nat_gateway_count
  allocation_id = element(aws_eip.nat[*].id, count.index)
  subnet_id     = element(aws_subnet.public[*].id, var.single_nat_gateway ? 0 : count.index)
  tags          = merge({ "Name" = format("%s-%s", var.name, element(var.azs, count.index)) }, var.tags)
  depends_on    = [aws_internet_gateway.this]
}
resource "aws_route" "private_nat_gateway" {
  count                  = local.nat_gateway_count
  route_table_id         = element(aws_route_table.private[*].id, count.index)
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = element(aws_nat_gateway.this[*].id, count.index)
  timeouts {
    create = "5m"
  }
}
data "aws_vpc_endpoint_service" "s3" {
  service      = "s3"
  service_type = "Gateway"
}
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = local.vpc_id
  service_name      = data.aws_vpc_endpoint_service.s3.service_name
  vpc_endpoint_type = "Gateway"
  route_table_ids   = flatten([aws_route_table.private[*].id])
  tags              = var.tags
}

data "aws_region" "current" {}
data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
resource "aws_cloudwatch_log_group" "flow_log" {
  count             = var.enable_flow_log ? 1 : 0
  name              = "/aws/vpc-flow-log/${local.vpc_id}"
  retention_in_days = 30
  tags              = var.tags
}
data "aws_iam_policy_document" "flow_log_assume" {
  count = var.enable_flow_log ? 1 : 0
  statement {
    sid = "AWSVPCFlowLogsAssumeRole"
    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }
    effect  = "Allow"
    actions = ["sts:AssumeRole"]
  }
}
data "aws_iam_policy_document" "flow_log" {
  count = var.enable_flow_log ? 1 : 0
  statement {
    sid       = "AWSVPCFlowLogsPushToCloudWatch"
    effect    = "Allow"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups"]
    resources = [for g in aws_cloudwatch_log_group.flow_log : "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:log-group:${g.name}:*"]
  }
}
resource "aws_iam_role" "flow_log" {
  count              = var.enable_flow_log ? 1 : 0
  name_prefix        = "vpc-flow-log-role-"
  assume_role_policy = data.aws_iam_policy_document.flow_log_assume[0].json
}
resource "aws_iam_policy" "flow_log" {
  count       = var.enable_flow_log ? 1 : 0
  name_prefix = "vpc-flow-log-to-cloudwatch-"
  policy      = data.aws_iam_policy_document.flow_log[0].json
}
resource "aws_iam_role_policy_attachment" "flow_log" {
  count      = var.enable_flow_log ? 1 : 0
  role       = aws_iam_role.flow_log[0].name
  policy_arn = aws_iam_policy.flow_log[0].arn
}
resource "aws_flow_log" "this" {
  count                = var.enable_flow_log ? 1 : 0
  log_destination_type = "cloud-watch-logs"
  log_destination      = aws_cloudwatch_log_group.flow_log[0].arn
  iam_role_arn         = aws_iam_role.flow_log[0].arn
  traffic_type         = "ALL"
  vpc_id               = local.vpc_id
  dynamic "destination_options" {
    for_each = []
    content {
      file_format = "parquet"
    }
  }
  tags = var.tags
}

output "vpc_id" { value = try(aws_vpc.this[0].id, null) }
output "vpc_cidr_block" { value = one(aws_vpc.this[*].cidr_block) }
output "private_subnets" { value = aws_subnet.private[*].id }
output "intra_subnets" { value = [for s in aws_subnet.intra : s.id] }
output "natgw_ids" { value = aws_nat_gateway.this[*].id }
output "nat_public_ips" { value = aws_eip.nat[*].public_ip }
