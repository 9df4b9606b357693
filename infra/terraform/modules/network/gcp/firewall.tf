# Nothing enters and nothing leaves unless a rule below (or one that GKE makes for its own Services) names it. GKE's own rules
# have priority 1000 and come before these denials; what is refused is logged.
locals {
  ingress = merge(
    {
      nodes = {
        description = "nodes and pods to nodes"
        sources     = [local.private_cidr, var.pod_cidr]
        allow       = { all = [] }
        logged      = false
      }
      control-plane = {
        description = "control plane to kubelets and admission webhooks"
        sources     = [local.control_plane_cidr]
        allow       = { tcp = ["443", "8443", "9443", "10250", "15017"] }
        logged      = false
      }
      health-checks = {
        description = "Google's load balancer health checks"
        sources     = ["35.191.0.0/16", "130.211.0.0/22", "209.85.152.0/22", "209.85.204.0/22"]
        allow       = { tcp = [] }
        logged      = false
      }
      proxies = {
        description = "regional load balancer proxies"
        sources     = [local.proxy_cidr]
        allow       = { tcp = [] }
        logged      = false
      }
    },
    var.cloud.iap_ssh ? {
      iap-ssh = {
        description = "Identity-Aware Proxy to SSH"
        sources     = ["35.235.240.0/20"]
        allow       = { tcp = ["22"] }
        logged      = true
      }
    } : {},
  )

  egress = merge(
    {
      internal = {
        description  = "inside the network"
        destinations = [var.cidr, var.pod_cidr, var.service_cidr]
        allow        = { all = [] }
      }
      google-apis = {
        description  = "private and restricted addresses of Google APIs"
        destinations = ["199.36.153.4/30", "199.36.153.8/30"]
        allow        = { tcp = ["443"] }
      }
    },
    length(var.cloud.egress_allowed_cidrs) > 0 ? {
      listed = {
        description  = "cloud.egress_allowed_cidrs"
        destinations = var.cloud.egress_allowed_cidrs
        allow        = { all = [] }
      }
    } : {},
  )
}

resource "google_compute_firewall" "ingress" {
  for_each = local.ingress

  project       = var.cloud.project_id
  name          = "${var.name}-in-${each.key}"
  description   = "${each.value.description}; ${local.owner}"
  network       = google_compute_network.this.id
  direction     = "INGRESS"
  priority      = 2000
  source_ranges = each.value.sources
  target_tags   = [local.node_tag]

  dynamic "allow" {
    for_each = each.value.allow

    content {
      protocol = allow.key
      ports    = allow.value
    }
  }

  dynamic "log_config" {
    for_each = each.value.logged ? ["on"] : []

    content {
      metadata = "INCLUDE_ALL_METADATA"
    }
  }
}

resource "google_compute_firewall" "egress" {
  for_each = local.egress

  project            = var.cloud.project_id
  name               = "${var.name}-out-${each.key}"
  description        = "${each.value.description}; ${local.owner}"
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = 2000
  destination_ranges = each.value.destinations

  dynamic "allow" {
    for_each = each.value.allow

    content {
      protocol = allow.key
      ports    = allow.value
    }
  }
}

resource "google_compute_firewall" "deny_ingress" {
  project       = var.cloud.project_id
  name          = "${var.name}-in-deny"
  description   = "everything else; ${local.owner}"
  network       = google_compute_network.this.id
  direction     = "INGRESS"
  priority      = 65534
  source_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "deny_egress" {
  project            = var.cloud.project_id
  name               = "${var.name}-out-deny"
  description        = "everything else; ${local.owner}"
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = 65534
  destination_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}
