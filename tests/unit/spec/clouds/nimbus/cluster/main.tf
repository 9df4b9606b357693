resource "terraform_data" "cluster" {
  input = {
    home    = var.cloud.home
    name    = var.name
    version = var.kubernetes_version
    network = var.network.network_id
    public  = var.endpoint.public
    tags    = jsonencode(local.tags)
  }

  provisioner "local-exec" {
    command = "printf %s \"$TAGS\" > \"$HOME_FOLDER/$NAME.cluster\""
    environment = {
      HOME_FOLDER = self.input.home
      NAME        = self.input.name
      TAGS        = self.input.tags
    }
  }

  provisioner "local-exec" {
    when    = destroy
    command = "rm -f \"$HOME_FOLDER/$NAME.cluster\""
    environment = {
      HOME_FOLDER = self.input.home
      NAME        = self.input.name
    }
  }
}

resource "terraform_data" "pool" {
  for_each = var.node_pools

  input = {
    cluster      = terraform_data.cluster.id
    machine_type = each.value.machine_type
    min          = each.value.min_size
    max          = each.value.max_size
  }
}

locals {
  tags = merge(var.tags, {
    "hera-cluster"     = var.name
    "hera-environment" = var.environment
    "hera-stage"       = "cluster"
    "managed-by"       = "hera"
  })
}
