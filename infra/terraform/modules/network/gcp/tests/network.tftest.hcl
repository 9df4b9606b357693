# One apply in the shape of prod, then its neighbours as plans. Runs on the simulated cloud as well as on a real project.

provider "google" {
  project = "hera-tests"
  region  = "europe-west1"
}

variables {
  name              = "net"
  environment       = "prod"
  region            = "europe-west1"
  tags              = { team = "platform" }
  cidr              = "10.32.0.0/16"
  pod_cidr          = "10.136.0.0/14"
  service_cidr      = "172.22.0.0/16"
  zones             = ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
  nat_mode          = "zone"
  private_endpoints = ["storage", "registry", "secrets", "logs"]
  flow_logs         = { enabled = true, retention_days = 365 }
  cloud             = { project_id = "hera-tests" }
}

run "prod" {
  assert {
    condition     = google_compute_network.this.auto_create_subnetworks == false && google_compute_network.this.delete_default_routes_on_create
    error_message = "the network is custom and has no route that nobody named"
  }

  assert {
    condition     = google_compute_subnetwork.private.ip_cidr_range == "10.32.0.0/17" && google_compute_subnetwork.public.ip_cidr_range == "10.32.128.0/20"
    error_message = "nodes take the lower half, the public subnet the next sixteenth"
  }

  assert {
    condition     = google_compute_subnetwork.proxies.ip_cidr_range == "10.32.144.0/20" && google_compute_subnetwork.control_plane.ip_cidr_range == "10.32.255.240/28"
    error_message = "proxies take the sixteenth after the public subnet, the control plane the last /28"
  }

  assert {
    condition     = { for range in google_compute_subnetwork.private.secondary_ip_range : range.range_name => range.ip_cidr_range } == { pods = "10.136.0.0/14", services = "172.22.0.0/16" }
    error_message = "pods and services have secondary ranges"
  }

  assert {
    condition     = google_compute_subnetwork.private.private_ip_google_access && google_compute_subnetwork.private.log_config[0].metadata == "INCLUDE_ALL_METADATA"
    error_message = "the nodes' subnet has Private Google Access and flow logs"
  }

  assert {
    condition     = length(google_compute_address.nat) == 3 && length(output.nat_public_ips) == 3 && length(google_compute_router_nat.this.nat_ips) == 3
    error_message = "nat_mode zone reserves one address a zone and NAT uses them all"
  }

  assert {
    condition     = google_compute_address.nat["europe-west1-b"].labels == tomap({ team = "platform", hera-cluster = "net", hera-environment = "prod", hera-stage = "network", managed-by = "hera" })
    error_message = "what takes labels has the user's and the ownership labels"
  }

  assert {
    condition     = strcontains(google_compute_network.this.description, "hera-cluster=net") && strcontains(google_compute_firewall.deny_ingress.description, "hera-cluster=net")
    error_message = "what takes no labels names its owner in the description"
  }

  assert {
    condition     = { for key, zone in google_dns_managed_zone.apis : key => zone.dns_name } == { storage = "storage.googleapis.com.", registry = "pkg.dev.", registry-api = "artifactregistry.googleapis.com.", registry-gcr = "gcr.io.", secrets = "secretmanager.googleapis.com.", logs = "logging.googleapis.com.", metrics = "monitoring.googleapis.com." }
    error_message = "every chosen API has a private zone"
  }

  assert {
    condition     = google_dns_record_set.apis["storage"].rrdatas == tolist(["199.36.153.4", "199.36.153.5", "199.36.153.6", "199.36.153.7"]) && google_compute_route.restricted[0].dest_range == "199.36.153.4/30"
    error_message = "chosen APIs resolve to restricted.googleapis.com and there is a route to it"
  }

  assert {
    condition     = one(google_compute_firewall.deny_ingress.deny).protocol == "all" && google_compute_firewall.deny_ingress.priority == 65534 && length(google_compute_firewall.deny_ingress.log_config) == 1
    error_message = "what no rule names is refused and logged, inwards"
  }

  assert {
    condition     = one(google_compute_firewall.deny_egress.deny).protocol == "all" && google_compute_firewall.deny_egress.direction == "EGRESS" && length(google_compute_firewall.deny_egress.log_config) == 1
    error_message = "what no rule names is refused and logged, outwards"
  }

  assert {
    condition     = google_compute_firewall.ingress["control-plane"].source_ranges == toset(["10.32.255.240/28"]) && one(google_compute_firewall.ingress["control-plane"].allow).ports == tolist(["443", "8443", "9443", "10250", "15017"])
    error_message = "the control plane reaches kubelets and webhooks and nothing else"
  }

  assert {
    condition     = !contains(keys(google_compute_firewall.ingress), "iap-ssh")
    error_message = "SSH through Identity-Aware Proxy is off by default"
  }

  assert {
    condition     = google_logging_project_bucket_config.network[0].retention_days == 365 && google_logging_project_exclusion.network[0].filter == google_logging_project_sink.network[0].filter
    error_message = "network logs are kept as long as asked, and once only"
  }

  assert {
    condition     = startswith(google_logging_project_bucket_config.network[0].bucket_id, "net-network-2") && output.cloud["flow_logs_destination"] == "projects/hera-tests/locations/europe-west1/buckets/${google_logging_project_bucket_config.network[0].bucket_id}"
    error_message = "the log bucket's name holds the time of its making"
  }

  assert {
    condition     = length(distinct(values(output.private_subnet_ids))) == 1 && toset(keys(output.private_subnet_ids)) == toset(var.zones) && toset(keys(output.public_subnet_ids)) == toset(var.zones)
    error_message = "every zone has its subnets; they are regional"
  }

  assert {
    condition     = output.cloud["pods_range"] == "pods" && output.cloud["services_range"] == "services" && output.cloud["node_tag"] == "net-node" && output.cloud["control_plane_subnet"] == google_compute_subnetwork.control_plane.id
    error_message = "the cluster layer gets what it needs"
  }
}

run "again_changes_nothing" {
  command = plan

  assert {
    condition     = output.cloud == run.prod.cloud && output.nat_public_ips == run.prod.nat_public_ips
    error_message = "the log bucket's generation stays what it was, and so does the rest"
  }
}

run "dev" {
  command = plan

  variables {
    environment       = "dev"
    nat_mode          = "single"
    flow_logs         = { enabled = true, retention_days = 7 }
    private_endpoints = []
  }

  assert {
    condition     = keys(google_compute_address.nat) == ["europe-west1-b"]
    error_message = "nat_mode single reserves one address, named after the first zone"
  }

  assert {
    condition     = google_logging_project_bucket_config.network[0].retention_days == 7
    error_message = "dev keeps its flow logs for a week"
  }

  assert {
    condition     = length(google_dns_managed_zone.apis) == 0 && length(google_compute_route.restricted) == 0
    error_message = "no private endpoints, no zones and no route"
  }
}

run "flow_logs_off" {
  command = plan

  variables {
    flow_logs = { enabled = false, retention_days = 30 }
  }

  assert {
    condition     = length(google_logging_project_bucket_config.network) == 0 && length(google_logging_project_sink.network) == 0 && length(google_compute_subnetwork.private.log_config) == 0
    error_message = "no flow logs, no bucket and no sink"
  }

  assert {
    condition     = output.cloud["flow_logs_destination"] == ""
    error_message = "no destination either"
  }
}

run "one_private_endpoint" {
  command = plan

  variables {
    private_endpoints = ["secrets"]
  }

  assert {
    condition     = keys(google_dns_managed_zone.apis) == ["secrets"]
    error_message = "only the chosen API gets a zone"
  }
}

run "private_service_connect" {
  command = plan

  variables {
    cloud = { project_id = "hera-tests", private_service_connect = true }
  }

  assert {
    condition     = google_compute_global_address.psc[0].address == "10.32.160.1" && google_compute_global_forwarding_rule.psc[0].target == "vpc-sc" && length(google_compute_route.restricted) == 0
    error_message = "APIs get an address inside the network, outside every subnet"
  }

  assert {
    condition     = can(regex("^[a-z][a-z0-9]{0,19}$", google_compute_global_forwarding_rule.psc[0].name))
    error_message = "the endpoint's name is at most 20 letters and digits"
  }

  assert {
    condition     = google_dns_record_set.apis["storage"].rrdatas == tolist(["10.32.160.1"])
    error_message = "names resolve to that address"
  }
}

run "closed_egress_and_iap" {
  command = plan

  variables {
    cloud = { project_id = "hera-tests", egress_allowed_cidrs = [], iap_ssh = true, log_kms_key_id = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k" }
  }

  assert {
    condition     = !contains(keys(google_compute_firewall.egress), "listed")
    error_message = "an empty list closes egress to all but Google's APIs and the network"
  }

  assert {
    condition     = google_compute_firewall.ingress["iap-ssh"].source_ranges == toset(["35.235.240.0/20"])
    error_message = "SSH comes from Identity-Aware Proxy alone"
  }

  assert {
    condition     = google_logging_project_bucket_config.network[0].cmek_settings[0].kms_key_name == "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"
    error_message = "the log bucket takes the user's key"
  }
}

run "smallest_network" {
  command = plan

  variables {
    cidr = "10.40.0.0/22"
  }

  assert {
    condition     = google_compute_subnetwork.private.ip_cidr_range == "10.40.0.0/23" && google_compute_subnetwork.proxies.ip_cidr_range == "10.40.2.64/26" && google_compute_subnetwork.control_plane.ip_cidr_range == "10.40.3.240/28"
    error_message = "subnets follow the range"
  }
}
