output "network_id" {
  description = "The network's id."
  value       = google_compute_network.this.id
}

output "network_name" {
  description = "The network's name."
  value       = google_compute_network.this.name
}

output "cidr" {
  description = "The network's range."
  value       = var.cidr
}

output "private_subnet_ids" {
  description = "Zone to subnet for nodes; subnets are regional, so all zones share one."
  value       = { for zone in var.zones : zone => google_compute_subnetwork.private.id }
}

output "public_subnet_ids" {
  description = "Zone to subnet for what faces outside; subnets are regional, so all zones share one."
  value       = { for zone in var.zones : zone => google_compute_subnetwork.public.id }
}

output "nat_public_ips" {
  description = "Addresses that the cluster's traffic leaves from, in the order of the zones."
  value       = [for zone in var.zones : google_compute_address.nat[zone].address if contains(keys(google_compute_address.nat), zone)]
}

# Nothing here waits for NAT, the log bucket or the firewall, so in one graph the control plane starts right after its subnets.
output "cloud" {
  description = "What the cluster layer needs to know of Google Cloud's network."
  value = {
    project_id            = var.cloud.project_id
    pods_range            = local.pods_range
    services_range        = local.services_range
    control_plane_subnet  = google_compute_subnetwork.control_plane.id
    control_plane_cidr    = local.control_plane_cidr
    private_cidr          = local.private_cidr
    node_tag              = local.node_tag
    flow_logs_destination = var.flow_logs.enabled ? "projects/${var.cloud.project_id}/locations/${var.region}/buckets/${local.log_bucket}" : ""
  }
}
