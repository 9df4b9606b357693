# Both layers made, changed and unmade on the simulated cloud.

provider "aws" {
  region = "eu-west-1"
}

variables {
  name                = "meadow"
  environment         = "dev"
  region              = "eu-west-1"
  tags                = {}
  cidr                = "10.20.0.0/16"
  pod_cidr            = "10.128.0.0/14"
  service_cidr        = "172.20.0.0/16"
  zones               = ["eu-west-1a", "eu-west-1b"]
  nat_mode            = "single"
  private_endpoints   = ["storage"]
  flow_logs           = { enabled = true, retention_days = 14 }
  kubernetes_version  = "1.33"
  endpoint            = { public = false, allowed_cidrs = [] }
  control_plane_logs  = { types = ["api", "audit"], retention_days = 14 }
  secrets_encryption  = true
  autoscaler_profile  = "aggressive"
  maintenance_window  = { day = "Saturday", start_hour = 22, duration_hours = 4 }
  deletion_protection = false
  admin_groups        = ["arn:aws:iam::123456789012:role/platform"]
  cloud               = {}
  node_pools = {
    general = {
      machine_type = "m7i.large", min_size = 2, max_size = 6, spot = true, disk_gb = 50
      labels       = {}, taints = [], zones = ["eu-west-1a", "eu-west-1b"]
    }
  }
}

run "network" {
  module {
    source = "../../network/aws"
  }
}

run "cluster" {
  variables {
    network = run.network
  }

  assert {
    condition     = output.cluster_name == "meadow" && startswith(output.endpoint, "https://") && output.kubernetes_version == "1.33"
    error_message = "the cluster says how it is reached"
  }

  assert {
    condition     = endswith(output.oidc_issuer_url, output.workload_identity.issuer) && strcontains(output.workload_identity.provider_arn, output.workload_identity.issuer)
    error_message = "service accounts' tokens are known to IAM"
  }

  assert {
    condition = (
      jsondecode(aws_iam_role.service_account["vpc-cni"].assume_role_policy).Statement[0].Condition.StringEquals["${output.workload_identity.issuer}:sub"] ==
      "system:serviceaccount:kube-system:aws-node"
    )
    error_message = "only the CNI's own service account takes its role"
  }

  assert {
    condition     = aws_eks_addon.before_nodes["vpc-cni"].service_account_role_arn == output.workload_identity.vpc_cni_role_arn
    error_message = "the CNI has a role of its own"
  }

  assert {
    condition     = keys(output.node_pool_ids) == ["general/eu-west-1a", "general/eu-west-1b"] && length(distinct(values(output.node_pool_ids))) == 2
    error_message = "each zone's node group has an id"
  }

  assert {
    condition     = output.log_destination == "/aws/eks/meadow/cluster" && output.secrets_key_id == aws_kms_key.secrets[0].arn
    error_message = "logs and key are where the outputs say"
  }

  assert {
    condition     = alltrue([for tag in aws_autoscaling_group_tag.this : tag.autoscaling_group_name != ""])
    error_message = "the autoscaler's options are on the groups that EKS made"
  }
}

run "upgrade" {
  variables {
    network            = run.network
    kubernetes_version = "1.34"
  }

  assert {
    condition     = output.cluster_id == run.cluster.cluster_id && output.kubernetes_version == "1.34"
    error_message = "the same cluster, one version up"
  }

  assert {
    condition     = output.node_pool_ids == run.cluster.node_pool_ids
    error_message = "nodes are renewed inside their groups"
  }
}

run "another_machine_type" {
  variables {
    network            = run.network
    kubernetes_version = "1.34"
    node_pools = {
      general = {
        machine_type = "m7i.xlarge", min_size = 2, max_size = 6, spot = true, disk_gb = 50
        labels       = {}, taints = [], zones = ["eu-west-1a", "eu-west-1b"]
      }
    }
  }

  assert {
    condition     = output.cluster_id == run.cluster.cluster_id && length(setintersection(values(output.node_pool_ids), values(run.cluster.node_pool_ids))) == 0
    error_message = "new groups take over from the old ones"
  }
}
