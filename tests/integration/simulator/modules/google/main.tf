terraform {
  required_providers {
    google      = { source = "hashicorp/google" }
    google-beta = { source = "hashicorp/google-beta" }
    random      = { source = "hashicorp/random" }
  }
}
variable "node_labels" {
  type    = map(string)
  default = { pool = "default" }
}
provider "google" {
  project        = "ex-project"
  region         = "europe-west1"
  default_labels = { owner = "test" }
}
provider "google-beta" {
  project = "ex-project"
  region  = "europe-west1"
}
data "google_client_config" "default" {}
resource "google_project_service" "apis" {
  for_each           = toset(["compute.googleapis.com", "container.googleapis.com", "cloudkms.googleapis.com"])
  project            = "ex-project"
  service            = each.value
  disable_on_destroy = false
}
module "network" {
  source       = "./network"
  project_id   = "ex-project"
  network_name = "ex-net"
  region       = "europe-west1"
  subnets = [
    { subnet_name = "nodes", subnet_ip = "10.0.0.0/17", subnet_region = "europe-west1", subnet_private_access = "true", subnet_flow_logs = "true" },
    { subnet_name = "proxy", subnet_ip = "10.129.0.0/23", subnet_region = "europe-west1", purpose = "REGIONAL_MANAGED_PROXY", role = "ACTIVE" },
  ]
  secondary_ranges = {
    nodes = [{ range_name = "pods", ip_cidr_range = "192.168.0.0/18" }, { range_name = "services", ip_cidr_range = "192.168.64.0/18" }]
  }
  ingress_rules = [{ name = "allow-iap", source_ranges = ["35.235.240.0/20"], allow = [{ protocol = "tcp", ports = ["22"] }], log_config = { metadata = "INCLUDE_ALL_METADATA" } }]
  depends_on    = [google_project_service.apis]
}
resource "random_id" "key" { byte_length = 3 }
resource "google_kms_key_ring" "gke" {
  name     = "gke-${random_id.key.hex}"
  location = "europe-west1"
}
resource "google_kms_crypto_key" "gke" {
  name            = "etcd"
  key_ring        = google_kms_key_ring.gke.id
  rotation_period = "7776000s"
}
resource "google_kms_crypto_key_iam_member" "gke" {
  crypto_key_id = google_kms_crypto_key.gke.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-123456789012@container-engine-robot.iam.gserviceaccount.com"
}
module "gke" {
  source                     = "./cluster"
  project_id                 = "ex-project"
  name                       = "ex"
  region                     = "europe-west1"
  network                    = module.network.network_name
  subnetwork                 = "nodes"
  ip_range_pods              = "pods"
  ip_range_services          = "services"
  master_authorized_networks = [{ cidr_block = "10.0.0.0/8", display_name = "vpc" }]
  node_pools                 = [{ name = "work", machine_type = "e2-standard-4", min_count = 1, max_count = 5 }, { name = "spot", spot = true, autoscaling = false, node_count = 2 }]
  node_pools_labels          = { all = {}, work = var.node_labels }
  node_pools_taints          = { all = [], spot = [{ key = "spot", value = "true", effect = "NO_SCHEDULE" }] }
  database_encryption        = [{ state = "ENCRYPTED", key_name = google_kms_crypto_key.gke.id }]
  depends_on                 = [module.network]
}
resource "google_storage_bucket" "state" {
  name                        = "ex-project-state"
  location                    = "EU"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  versioning { enabled = true }
  lifecycle_rule {
    condition { num_newer_versions = 5 }
    action { type = "Delete" }
  }
}
resource "google_service_account" "external_secrets" { account_id = "external-secrets" }
resource "google_service_account_iam_member" "workload_identity" {
  service_account_id = google_service_account.external_secrets.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:ex-project.svc.id.goog[external-secrets/external-secrets]"
}
output "endpoint" { value = module.gke.endpoint }
output "instance_groups" { value = module.gke.instance_groups }
