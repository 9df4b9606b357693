terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 7.0"
    }
  }

  # State is a local file until this is filled in; README.md says how.
  # backend "gcs" {
  #   bucket = "my-state"
  #   prefix = "hera/prod"
  # }
}

provider "google" {
  project = var.project_id
  region  = var.region
}
