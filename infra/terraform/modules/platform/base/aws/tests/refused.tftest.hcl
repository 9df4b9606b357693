# What is refused before anything is touched.

provider "aws" {
  region = "eu-west-1"
}

variables {
  name        = "demo"
  environment = "prod"
  region      = "eu-west-1"
  tags        = { team = "shop" }
  cluster = {
    cluster_id      = "arn:aws:eks:eu-west-1:123456789012:cluster/demo"
    cluster_name    = "demo"
    oidc_issuer_url = "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC"
    workload_identity = {
      provider_arn = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"
    }
    cloud = {}
  }
  backups       = { retention_days = 365, cool_after_days = 30, archive_after_days = 90, lock = true, delete_with_cluster = false }
  traces        = { retention_days = 14 }
  logs          = { retention_days = 365 }
  secret_prefix = "hera/demo/"
  cloud         = {}
}

run "name" {
  command = plan

  variables {
    name = "Demo"
  }

  expect_failures = [var.name]
}

run "environment" {
  command = plan

  variables {
    environment = "test"
  }

  expect_failures = [var.environment]
}

run "region" {
  command = plan

  variables {
    region = "somewhere else"
  }

  expect_failures = [var.region]
}

run "issuer" {
  command = plan

  variables {
    cluster = { cluster_id = "x", cluster_name = "demo", oidc_issuer_url = "http://x", workload_identity = { provider_arn = "x", resource_group = "x", audience = "x", project_number = "1", principal_prefix = "x" }, cloud = {} }
  }

  expect_failures = [var.cluster]
}

run "retention" {
  command = plan

  variables {
    backups = { retention_days = 0, cool_after_days = 0, archive_after_days = 0, lock = false, delete_with_cluster = true }
  }

  expect_failures = [var.backups]
}

run "cool_after_the_end" {
  command = plan

  variables {
    backups = { retention_days = 30, cool_after_days = 30, archive_after_days = 0, lock = false, delete_with_cluster = true }
  }

  expect_failures = [var.backups]
}

run "archive_too_soon" {
  command = plan

  variables {
    backups = { retention_days = 365, cool_after_days = 30, archive_after_days = 40, lock = false, delete_with_cluster = true }
  }

  expect_failures = [var.backups]
}

run "locked_and_deleted" {
  command = plan

  variables {
    backups = { retention_days = 365, cool_after_days = 30, archive_after_days = 90, lock = true, delete_with_cluster = true }
  }

  expect_failures = [var.backups]
}

run "traces" {
  command = plan

  variables {
    traces = { retention_days = 0 }
  }

  expect_failures = [var.traces]
}

run "logs" {
  command = plan

  variables {
    logs = { retention_days = 0 }
  }

  expect_failures = [var.logs]
}

run "secret_prefix" {
  command = plan

  variables {
    secret_prefix = ""
  }

  expect_failures = [var.secret_prefix]
}

run "boundary" {
  command = plan

  variables {
    cloud = { permissions_boundary = "admin" }
  }

  expect_failures = [var.cloud]
}

run "key_days" {
  command = plan

  variables {
    cloud = { key_deletion_days = 1 }
  }

  expect_failures = [var.cloud]
}
