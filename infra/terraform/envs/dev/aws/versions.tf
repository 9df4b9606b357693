terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.25, < 7.0"
    }
  }

  # State is a local file until this is filled in; README.md says how.
  # backend "s3" {
  #   bucket       = "my-state"
  #   key          = "hera/dev/terraform.tfstate"
  #   region       = "eu-west-1"
  #   encrypt      = true
  #   use_lockfile = true
  # }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = length(var.account_ids) > 0 ? var.account_ids : null
}
