resource "terraform_data" "network" {
  input = { home = var.cloud.home, name = var.name, cidr = var.cidr, tags = jsonencode(local.tags) }

  provisioner "local-exec" {
    command = "printf %s \"$TAGS\" > \"$HOME_FOLDER/$NAME.network\""
    environment = {
      HOME_FOLDER = self.input.home
      NAME        = self.input.name
      TAGS        = self.input.tags
    }
  }

  provisioner "local-exec" {
    when    = destroy
    command = "rm -f \"$HOME_FOLDER/$NAME.network\""
    environment = {
      HOME_FOLDER = self.input.home
      NAME        = self.input.name
    }
  }
}

locals {
  tags = merge(var.tags, {
    "hera-cluster"     = var.name
    "hera-environment" = var.environment
    "hera-stage"       = "network"
    "managed-by"       = "hera"
  })
}
