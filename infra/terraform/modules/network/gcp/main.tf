locals {
  tags = merge(var.tags, {
    "hera-cluster"     = var.name
    "hera-environment" = var.environment
    "hera-stage"       = "network"
    "managed-by"       = "hera"
  })

  # Networks, subnets, routes and firewall rules take no labels: the description says whose they are.
  owner = "hera-cluster=${var.name} hera-environment=${var.environment} managed-by=hera"

  prefix_length = tonumber(split("/", var.cidr)[1])

  # Lower half: nodes. Upper half, in sixteenths: 8 public, 9 proxies, 10 Private Service Connect. Its last /28: control plane.
  private_cidr       = cidrsubnet(var.cidr, 1, 0)
  public_cidr        = cidrsubnet(var.cidr, 4, 8)
  proxy_cidr         = cidrsubnet(var.cidr, 4, 9)
  psc_address        = cidrhost(cidrsubnet(var.cidr, 4, 10), 1)
  control_plane_cidr = cidrsubnet(var.cidr, 28 - local.prefix_length, pow(2, 28 - local.prefix_length) - 1)

  pods_range     = "pods"
  services_range = "services"
  node_tag       = "${var.name}-node"
}

resource "google_compute_network" "this" {
  project                         = var.cloud.project_id
  name                            = var.name
  description                     = local.owner
  auto_create_subnetworks         = false
  delete_default_routes_on_create = true
  routing_mode                    = "REGIONAL"
  mtu                             = var.cloud.mtu
}

# Google's default route is removed above so that every way out is a resource with a name.
resource "google_compute_route" "internet" {
  project          = var.cloud.project_id
  name             = "${var.name}-internet"
  description      = local.owner
  network          = google_compute_network.this.id
  dest_range       = "0.0.0.0/0"
  next_hop_gateway = "default-internet-gateway"
  priority         = 1000
}

# Subnets are regional on Google Cloud: one serves the nodes of all zones.
resource "google_compute_subnetwork" "private" {
  project                  = var.cloud.project_id
  name                     = "${var.name}-private"
  description              = local.owner
  region                   = var.region
  network                  = google_compute_network.this.id
  ip_cidr_range            = local.private_cidr
  private_ip_google_access = true
  stack_type               = "IPV4_ONLY"

  secondary_ip_range {
    range_name    = local.pods_range
    ip_cidr_range = var.pod_cidr
  }

  secondary_ip_range {
    range_name    = local.services_range
    ip_cidr_range = var.service_cidr
  }

  dynamic "log_config" {
    for_each = var.flow_logs.enabled ? ["on"] : []

    content {
      aggregation_interval = "INTERVAL_5_SEC"
      flow_sampling        = var.cloud.flow_sampling
      metadata             = "INCLUDE_ALL_METADATA"
    }
  }
}

# Frontends of internal load balancers and whatever has an external address; nodes never live here.
resource "google_compute_subnetwork" "public" {
  project                  = var.cloud.project_id
  name                     = "${var.name}-public"
  description              = local.owner
  region                   = var.region
  network                  = google_compute_network.this.id
  ip_cidr_range            = local.public_cidr
  private_ip_google_access = true
  stack_type               = "IPV4_ONLY"

  dynamic "log_config" {
    for_each = var.flow_logs.enabled ? ["on"] : []

    content {
      aggregation_interval = "INTERVAL_5_SEC"
      flow_sampling        = var.cloud.flow_sampling
      metadata             = "INCLUDE_ALL_METADATA"
    }
  }
}

# Regional application load balancers (Gateway API, internal Ingress) run their proxies in a subnet of their own.
resource "google_compute_subnetwork" "proxies" {
  # The cloud refuses flow logs and Private Google Access on a proxy-only subnet.
  project       = var.cloud.project_id
  name          = "${var.name}-proxies"
  description   = local.owner
  region        = var.region
  network       = google_compute_network.this.id
  ip_cidr_range = local.proxy_cidr
  purpose       = "REGIONAL_MANAGED_PROXY"
  role          = "ACTIVE"
}

# The control plane's private endpoint gets its address here, by Private Service Connect and without a peering.
resource "google_compute_subnetwork" "control_plane" {
  project                  = var.cloud.project_id
  name                     = "${var.name}-control-plane"
  description              = local.owner
  region                   = var.region
  network                  = google_compute_network.this.id
  ip_cidr_range            = local.control_plane_cidr
  private_ip_google_access = true
  stack_type               = "IPV4_ONLY"

  dynamic "log_config" {
    for_each = var.flow_logs.enabled ? ["on"] : []

    content {
      aggregation_interval = "INTERVAL_5_SEC"
      flow_sampling        = var.cloud.flow_sampling
      metadata             = "INCLUDE_ALL_METADATA"
    }
  }
}
