# What is refused before anything is touched.

provider "google" {
  project = "hera-tests"
  region  = "europe-west1"
}

variables {
  name        = "demo"
  environment = "prod"
  region      = "europe-west1"
  tags        = { team = "shop" }
  cluster = {
    cluster_id      = "projects/hera-tests/locations/europe-west1/clusters/demo"
    cluster_name    = "demo"
    oidc_issuer_url = "https://container.googleapis.com/v1/projects/hera-tests/locations/europe-west1/clusters/demo"
    workload_identity = {
      project_number   = "123456789012"
      principal_prefix = "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/hera-tests.svc.id.goog/subject/"
    }
    cloud = {}
  }
  backups       = { retention_days = 365, cool_after_days = 30, archive_after_days = 90, lock = true, delete_with_cluster = false }
  traces        = { retention_days = 14 }
  logs          = { retention_days = 365 }
  secret_prefix = "hera/demo/"
  cloud         = { project_id = "hera-tests" }
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

run "project" {
  command = plan

  variables {
    cloud = { project_id = "X" }
  }

  expect_failures = [var.cloud]
}

run "labels" {
  command = plan

  variables {
    tags = { Team = "Shop" }
  }

  expect_failures = [var.tags]
}
