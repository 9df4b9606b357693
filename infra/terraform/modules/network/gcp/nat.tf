# Cloud NAT is one regional, distributed service: it has no zone to lose. What nat_mode decides is how many reserved addresses
# the cluster's traffic leaves from, and so how many ports there are (64,512 a protocol and address).
resource "google_compute_address" "nat" {
  for_each = toset(var.nat_mode == "zone" ? var.zones : [var.zones[0]])

  project      = var.cloud.project_id
  name         = "${var.name}-nat-${trimprefix(each.key, "${var.region}-")}"
  description  = local.owner
  region       = var.region
  address_type = "EXTERNAL"
  network_tier = "PREMIUM"
  labels       = local.tags
}

resource "google_compute_router" "this" {
  project     = var.cloud.project_id
  name        = var.name
  description = local.owner
  region      = var.region
  network     = google_compute_network.this.id
}

resource "google_compute_router_nat" "this" {
  project                             = var.cloud.project_id
  name                                = var.name
  region                              = var.region
  router                              = google_compute_router.this.name
  nat_ip_allocate_option              = "MANUAL_ONLY"
  nat_ips                             = [for address in google_compute_address.nat : address.self_link]
  source_subnetwork_ip_ranges_to_nat  = "LIST_OF_SUBNETWORKS"
  enable_endpoint_independent_mapping = false
  enable_dynamic_port_allocation      = true
  min_ports_per_vm                    = 64
  max_ports_per_vm                    = var.cloud.nat_max_ports_per_vm

  subnetwork {
    name                    = google_compute_subnetwork.private.self_link
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  log_config {
    enable = var.flow_logs.enabled
    filter = "ERRORS_ONLY"
  }
}
