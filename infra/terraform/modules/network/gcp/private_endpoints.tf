# Names of the chosen Google APIs resolve to an address that is only reachable from inside: restricted.googleapis.com, or a
# Private Service Connect endpoint. One zone a name, so that names outside the set keep their public answer.
locals {
  endpoint_domains = {
    storage  = { storage = "storage.googleapis.com" }
    registry = { registry = "pkg.dev", registry-api = "artifactregistry.googleapis.com", registry-gcr = "gcr.io" }
    secrets  = { secrets = "secretmanager.googleapis.com" }
    logs     = { logs = "logging.googleapis.com", metrics = "monitoring.googleapis.com" }
  }

  private_domains = merge({}, [for endpoint in var.private_endpoints : local.endpoint_domains[endpoint]]...)
  use_psc         = var.cloud.private_service_connect && length(var.private_endpoints) > 0
  use_restricted  = !var.cloud.private_service_connect && length(var.private_endpoints) > 0

  # https://cloud.google.com/vpc/docs/configure-private-google-access: restricted.googleapis.com
  restricted_cidr      = "199.36.153.4/30"
  restricted_addresses = [for index in range(4) : cidrhost(local.restricted_cidr, index)]
}

resource "google_compute_route" "restricted" {
  count = local.use_restricted ? 1 : 0

  project          = var.cloud.project_id
  name             = "${var.name}-restricted-apis"
  description      = local.owner
  network          = google_compute_network.this.id
  dest_range       = local.restricted_cidr
  next_hop_gateway = "default-internet-gateway"
  priority         = 900
}

resource "google_compute_global_address" "psc" {
  count = local.use_psc ? 1 : 0

  project      = var.cloud.project_id
  name         = "${var.name}-apis"
  description  = local.owner
  network      = google_compute_network.this.id
  purpose      = "PRIVATE_SERVICE_CONNECT"
  address_type = "INTERNAL"
  address      = local.psc_address
  labels       = local.tags
}

resource "google_compute_global_forwarding_rule" "psc" {
  count = local.use_psc ? 1 : 0

  project = var.cloud.project_id
  # The cloud takes at most 20 letters and digits here, and names are the project's.
  name                  = "h${substr(sha1(var.name), 0, 19)}"
  network               = google_compute_network.this.id
  ip_address            = google_compute_global_address.psc[0].id
  target                = "vpc-sc"
  load_balancing_scheme = ""
  no_automate_dns_zone  = true
  labels                = local.tags
}

resource "google_dns_managed_zone" "apis" {
  for_each = local.private_domains

  project       = var.cloud.project_id
  name          = "${var.name}-${each.key}"
  description   = local.owner
  dns_name      = "${each.value}."
  visibility    = "private"
  force_destroy = true
  labels        = local.tags

  private_visibility_config {
    networks {
      network_url = google_compute_network.this.id
    }
  }
}

resource "google_dns_record_set" "apis" {
  for_each = local.private_domains

  project      = var.cloud.project_id
  managed_zone = google_dns_managed_zone.apis[each.key].name
  name         = "${each.value}."
  type         = "A"
  ttl          = 300
  rrdatas      = local.use_psc ? [google_compute_global_address.psc[0].address] : local.restricted_addresses
}

resource "google_dns_record_set" "apis_wildcard" {
  for_each = local.private_domains

  project      = var.cloud.project_id
  managed_zone = google_dns_managed_zone.apis[each.key].name
  name         = "*.${each.value}."
  type         = "CNAME"
  ttl          = 300
  rrdatas      = ["${each.value}."]
}
