terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 7.0"
    }
  }

  # State in a file until you have a bucket: see README.md.
  # backend "gcs" {}
}

provider "google" {
  project = var.project_id
  region  = var.region
}
