# In the style of terraform-google-modules/terraform-google-network and cloud-router, written from memory.
variable "project_id" { type = string }
variable "network_name" { type = string }
variable "region" { type = string }
variable "subnets" { type = list(map(string)) }
variable "secondary_ranges" {
  type    = map(list(object({ range_name = string, ip_cidr_range = string })))
  default = {}
}
variable "ingress_rules" {
  type = list(object({
    name          = string
    source_ranges = optional(list(string), [])
    priority      = optional(number)
    allow         = optional(list(object({ protocol = string, ports = optional(list(string)) })), [])
    deny          = optional(list(object({ protocol = string, ports = optional(list(string)) })), [])
    log_config    = optional(object({ metadata = string }))
  }))
  default = []
}
locals {
  subnets = { for x in var.subnets : "${x.subnet_region}/${x.subnet_name}" => x }
}
resource "google_compute_network" "network" {
  name                                      = var.network_name
  auto_create_subnetworks                   = false
  routing_mode                              = "GLOBAL"
  project                                   = var.project_id
  description                               = ""
  delete_default_routes_on_create           = false
  mtu                                       = 0
  enable_ula_internal_ipv6                  = false
  internal_ipv6_range                       = null
  network_firewall_policy_enforcement_order = "AFTER_CLASSIC_FIREWALL"
}
resource "google_compute_subnetwork" "subnetwork" {
  for_each                   = local.subnets
  name                       = each.value.subnet_name
  ip_cidr_range              = each.value.subnet_ip
  region                     = each.value.subnet_region
  private_ip_google_access   = lookup(each.value, "subnet_private_access", "false")
  private_ipv6_google_access = lookup(each.value, "subnet_private_ipv6_access", null)
  dynamic "log_config" {
    for_each = coalesce(lookup(each.value, "subnet_flow_logs", null), false) ? [{
      aggregation_interval = lookup(each.value, "subnet_flow_logs_interval", "INTERVAL_5_SEC")
      flow_sampling        = lookup(each.value, "subnet_flow_logs_sampling", "0.5")
      metadata             = lookup(each.value, "subnet_flow_logs_metadata", "INCLUDE_ALL_METADATA")
    }] : []
    content {
      aggregation_interval = log_config.value.aggregation_interval
      flow_sampling        = log_config.value.flow_sampling
      metadata             = log_config.value.metadata
    }
  }
  network     = google_compute_network.network.name
  project     = var.project_id
  description = lookup(each.value, "description", null)
  dynamic "secondary_ip_range" {
    for_each = contains(keys(var.secondary_ranges), each.value.subnet_name) ? var.secondary_ranges[each.value.subnet_name] : []
    content {
      range_name    = secondary_ip_range.value.range_name
      ip_cidr_range = secondary_ip_range.value.ip_cidr_range
    }
  }
  purpose    = lookup(each.value, "purpose", null)
  role       = lookup(each.value, "role", null)
  stack_type = lookup(each.value, "stack_type", null)
}
resource "google_compute_firewall" "rules" {
  for_each      = { for r in var.ingress_rules : r.name => r }
  name          = each.value.name
  project       = var.project_id
  network       = google_compute_network.network.self_link
  direction     = "INGRESS"
  priority      = each.value.priority
  source_ranges = each.value.source_ranges
  dynamic "log_config" {
    for_each = lookup(each.value, "log_config") == null ? [] : [each.value.log_config]
    content {
      metadata = log_config.value.metadata
    }
  }
  dynamic "allow" {
    for_each = lookup(each.value, "allow", [])
    content {
      protocol = allow.value.protocol
      ports    = lookup(allow.value, "ports", null)
    }
  }
  dynamic "deny" {
    for_each = lookup(each.value, "deny", [])
    content {
      protocol = deny.value.protocol
      ports    = lookup(deny.value, "ports", null)
    }
  }
}
resource "google_compute_route" "egress" {
  name             = "${var.network_name}-egress"
  project          = var.project_id
  network          = google_compute_network.network.name
  dest_range       = "0.0.0.0/0"
  next_hop_gateway = "default-internet-gateway"
  tags             = ["egress-inet"]
}
resource "google_compute_router" "router" {
  name    = "${var.network_name}-router"
  project = var.project_id
  region  = var.region
  network = google_compute_network.network.name
  dynamic "bgp" {
    for_each = [{ asn = 64514 }]
    content {
      asn               = bgp.value.asn
      advertise_mode    = lookup(bgp.value, "advertise_mode", "DEFAULT")
      advertised_groups = lookup(bgp.value, "advertised_groups", null)
      dynamic "advertised_ip_ranges" {
        for_each = lookup(bgp.value, "advertised_ip_ranges", [])
        content {
          range = advertised_ip_ranges.value.range
        }
      }
    }
  }
}
resource "google_compute_address" "nat" {
  count   = 2
  name    = "${var.network_name}-nat-${count.index}"
  project = var.project_id
  region  = var.region
}
resource "google_compute_router_nat" "nats" {
  for_each                           = { for n in [{ name = "nat" }] : n.name => n }
  name                               = each.value.name
  project                            = google_compute_router.router.project
  router                             = google_compute_router.router.name
  region                             = google_compute_router.router.region
  nat_ip_allocate_option             = "MANUAL_ONLY"
  source_subnetwork_ip_ranges_to_nat = lookup(each.value, "source_subnetwork_ip_ranges_to_nat", "ALL_SUBNETWORKS_ALL_IP_RANGES")
  nat_ips                            = google_compute_address.nat[*].self_link
  min_ports_per_vm                   = lookup(each.value, "min_ports_per_vm", null)
  log_config {
    enable = true
    filter = lookup(lookup(each.value, "log_config", {}), "filter", "ALL")
  }
}
resource "google_compute_global_address" "services" {
  name          = "${var.network_name}-services"
  project       = var.project_id
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = 16
  network       = google_compute_network.network.self_link
}
resource "google_service_networking_connection" "services" {
  network                 = google_compute_network.network.self_link
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.services.name]
}
output "network_name" { value = google_compute_network.network.name }
output "network_self_link" { value = google_compute_network.network.self_link }
output "subnets_names" { value = [for s in google_compute_subnetwork.subnetwork : s.name] }
output "subnets_secondary_ranges" { value = [for s in google_compute_subnetwork.subnetwork : s.secondary_ip_range] }
