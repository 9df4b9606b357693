# The network of one EKS cluster: subnets per zone and the ways out. Endpoints and flow logs are in files of their own.
#
# Latency: the outputs that the control plane needs hang on the VPC, subnets and elastic addresses only. NAT gateways
# (about two minutes) and endpoints are made beside the control plane when both layers are in one graph.

data "aws_caller_identity" "current" {}

locals {
  tags = merge(var.tags, {
    "hera-cluster"     = var.name
    "hera-environment" = var.environment
    "hera-stage"       = "network"
    "managed-by"       = "hera"
  })

  partition  = startswith(var.region, "us-gov-") ? "aws-us-gov" : "aws"
  account_id = data.aws_caller_identity.current.account_id

  # The range is cut into quarters (up to three zones) or eighths. Each zone has one for its private subnet; the last one
  # is cut again for the public ones. Where a subnet lies depends on the zone's position alone, so a zone added at the end
  # moves nothing as long as it fits the capacity.
  zone_bits    = max(length(var.zones), var.cloud.zone_capacity) > 3 ? 3 : 2
  public_range = cidrsubnet(var.cidr, local.zone_bits, pow(2, local.zone_bits) - 1)
  subnets = {
    for index, zone in var.zones : zone => {
      private = cidrsubnet(var.cidr, local.zone_bits, index)
      public  = cidrsubnet(local.public_range, local.zone_bits, index)
    }
  }

  nat_zones = var.nat_mode == "zone" ? var.zones : [var.zones[0]]
}

resource "aws_vpc" "this" {
  cidr_block                           = var.cidr
  enable_dns_support                   = true
  enable_dns_hostnames                 = true
  enable_network_address_usage_metrics = true
  tags                                 = merge(local.tags, { Name = var.name })
}

# Nothing may use the group that AWS puts on everything without one: it is left without a single rule.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(local.tags, { Name = "${var.name}-default-unused" })
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(local.tags, { Name = var.name })
}

resource "aws_subnet" "private" {
  for_each = local.subnets

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value.private
  tags = merge(local.tags, {
    Name                                = "${var.name}-private-${each.key}"
    "kubernetes.io/cluster/${var.name}" = "shared"
    "kubernetes.io/role/internal-elb"   = "1"
  })
}

resource "aws_subnet" "public" {
  for_each = local.subnets

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value.public
  map_public_ip_on_launch = false
  tags = merge(local.tags, {
    Name                                = "${var.name}-public-${each.key}"
    "kubernetes.io/cluster/${var.name}" = "shared"
    "kubernetes.io/role/elb"            = "1"
  })
}

resource "aws_eip" "nat" {
  for_each = toset(local.nat_zones)

  domain = "vpc"
  tags   = merge(local.tags, { Name = "${var.name}-nat-${each.key}" })
}

resource "aws_nat_gateway" "this" {
  for_each = toset(local.nat_zones)

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id
  tags          = merge(local.tags, { Name = "${var.name}-${each.key}" })

  # Without a way out AWS accepts the gateway and then fails it.
  depends_on = [aws_internet_gateway.this, aws_route.public]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id
  tags   = merge(local.tags, { Name = "${var.name}-public" })
}

resource "aws_route" "public" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "public" {
  for_each = local.subnets

  subnet_id      = aws_subnet.public[each.key].id
  route_table_id = aws_route_table.public.id
}

# One table a zone in both modes, so that going from one NAT gateway to one a zone only changes a route.
resource "aws_route_table" "private" {
  for_each = local.subnets

  vpc_id = aws_vpc.this.id
  tags   = merge(local.tags, { Name = "${var.name}-private-${each.key}" })
}

resource "aws_route" "private" {
  for_each = local.subnets

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[var.nat_mode == "zone" ? each.key : var.zones[0]].id
}

resource "aws_route_table_association" "private" {
  for_each = local.subnets

  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[each.key].id
}

# Shows (monitor) or refuses (enforce) traffic inside the VPC that is not encrypted by the hardware. Gateways to the
# internet can't be: they are named as exclusions, which AWS takes only when enforcing.
resource "aws_vpc_encryption_control" "this" {
  count = var.cloud.encryption_control == "off" ? 0 : 1

  vpc_id                     = aws_vpc.this.id
  mode                       = var.cloud.encryption_control
  internet_gateway_exclusion = var.cloud.encryption_control == "enforce" ? "enable" : null
  nat_gateway_exclusion      = var.cloud.encryption_control == "enforce" ? "enable" : null
  tags                       = merge(local.tags, { Name = var.name })
}

# The block itself is one switch for a whole account and region, so it is not a cluster's to turn.
resource "aws_vpc_block_public_access_exclusion" "this" {
  count = var.cloud.public_access_exclusion == "" ? 0 : 1

  vpc_id                          = aws_vpc.this.id
  internet_gateway_exclusion_mode = var.cloud.public_access_exclusion
  tags                            = merge(local.tags, { Name = var.name })
}
