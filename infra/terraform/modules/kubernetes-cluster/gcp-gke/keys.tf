# Cloud KMS never deletes a key ring or the name of a key. A cluster made again under the same name would find the ring there and
# fail, so each creation has a ring of its own, named after its time. Empty rings cost nothing; destroyed key versions neither.
resource "terraform_data" "generation" {
  input = formatdate("YYYYMMDDhhmmss", timestamp())

  lifecycle {
    ignore_changes = [input]
  }
}

locals {
  own_secrets_key = var.secrets_encryption && var.cloud.kms_key_id == null
  own_keys        = local.own_secrets_key || var.cloud.disk_encryption

  secrets_key_id = !var.secrets_encryption ? "" : local.own_secrets_key ? google_kms_crypto_key.secrets[0].id : var.cloud.kms_key_id
  disk_key_id    = var.cloud.disk_encryption ? google_kms_crypto_key.disks[0].id : null
}

resource "google_kms_key_ring" "this" {
  count = local.own_keys ? 1 : 0

  project  = var.cloud.project_id
  name     = "${var.name}-${terraform_data.generation.output}"
  location = var.region
}

resource "google_kms_crypto_key" "secrets" {
  #checkov:skip=CKV_GCP_82: deleting a cluster must delete its key; destroy_scheduled_duration leaves 30 days to restore the version
  count = local.own_secrets_key ? 1 : 0

  name                       = "secrets"
  key_ring                   = google_kms_key_ring.this[0].id
  purpose                    = "ENCRYPT_DECRYPT"
  rotation_period            = "7776000s"
  destroy_scheduled_duration = "2592000s"
  labels                     = local.tags

  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = var.cloud.kms_protection_level
  }

  # A key that goes away goes after its last user was changed, not before: this also orders mere deletions.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_kms_crypto_key" "disks" {
  #checkov:skip=CKV_GCP_82: deleting a cluster must delete its key; destroy_scheduled_duration leaves 30 days to restore the version
  count = var.cloud.disk_encryption ? 1 : 0

  name                       = "disks"
  key_ring                   = google_kms_key_ring.this[0].id
  purpose                    = "ENCRYPT_DECRYPT"
  rotation_period            = "7776000s"
  destroy_scheduled_duration = "2592000s"
  labels                     = local.tags

  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = var.cloud.kms_protection_level
  }

  # A key that goes away goes after its last user was changed, not before: this also orders mere deletions.
  lifecycle {
    create_before_destroy = true
  }
}

# GKE's and Compute Engine's service agents do the encrypting; without the grant the cluster ends in an error after minutes.
resource "google_kms_crypto_key_iam_member" "secrets" {
  count = var.secrets_encryption ? 1 : 0

  crypto_key_id = local.secrets_key_id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${local.project_number}@container-engine-robot.iam.gserviceaccount.com"
}

resource "google_kms_crypto_key_iam_member" "disks" {
  count = var.cloud.disk_encryption ? 1 : 0

  crypto_key_id = google_kms_crypto_key.disks[0].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${local.project_number}@compute-system.iam.gserviceaccount.com"
}
