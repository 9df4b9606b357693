# Nodes get an identity of their own in place of the project's default service account, which may edit the whole project.
locals {
  # Account ids take 30 characters: a longer name is cut and told apart by its digest.
  nodes_account_id = length(var.name) <= 24 ? "${var.name}-nodes" : "${substr(var.name, 0, 17)}-${substr(sha1(var.name), 0, 6)}-nodes"

  node_roles = merge(
    {
      (var.cloud.project_id) = ["roles/container.defaultNodeServiceAccount", "roles/artifactregistry.reader"]
    },
    { for project in setsubtract(var.cloud.registry_projects, [var.cloud.project_id]) : project => ["roles/artifactregistry.reader"] },
  )

  node_bindings = merge([
    for project, roles in local.node_roles : { for role in roles : "${project}/${trimprefix(role, "roles/")}" => { project = project, role = role } }
  ]...)
}

resource "google_service_account" "nodes" {
  project      = var.cloud.project_id
  account_id   = local.nodes_account_id
  display_name = "Nodes of ${var.name}"
  description  = local.owner
}

resource "google_project_iam_member" "nodes" {
  for_each = local.node_bindings

  project = each.value.project
  role    = each.value.role
  member  = "serviceAccount:${google_service_account.nodes.email}"
}

# Administrators of this cluster and of no other in the project.
resource "google_project_iam_member" "admins" {
  for_each = toset(var.admin_groups)

  project = var.cloud.project_id
  role    = "roles/container.admin"
  member  = "group:${each.key}"

  condition {
    title       = "${var.name}-only"
    description = local.owner
    expression  = "resource.name == \"${local.cluster_path}\" || resource.name.startsWith(\"${local.cluster_path}/\")"
  }
}
