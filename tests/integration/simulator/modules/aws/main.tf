terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.23"
    }
    tls       = { source = "hashicorp/tls" }
    time      = { source = "hashicorp/time" }
    cloudinit = { source = "hashicorp/cloudinit" }
    random    = { source = "hashicorp/random" }
  }
}
variable "node_labels" {
  type    = map(string)
  default = { pool = "default" }
}
provider "aws" {
  region = "eu-west-1"
  default_tags {
    tags = { "hera.dev/owner" = "test" }
  }
}
data "aws_availability_zones" "available" {
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}
resource "random_id" "suffix" { byte_length = 3 }
locals {
  name = "ex-eks"
  azs  = slice(data.aws_availability_zones.available.names, 0, 3)
  cidr = "10.0.0.0/16"
}
module "vpc" {
  source             = "./vpc"
  name               = local.name
  cidr               = local.cidr
  azs                = local.azs
  private_subnets    = [for k, v in local.azs : cidrsubnet(local.cidr, 4, k)]
  public_subnets     = [for k, v in local.azs : cidrsubnet(local.cidr, 8, k + 48)]
  intra_subnets      = [for k, v in local.azs : cidrsubnet(local.cidr, 8, k + 52)]
  public_subnet_tags = { "kubernetes.io/role/elb" = 1 }
  tags               = { Example = local.name }
}
module "eks" {
  source                   = "./eks"
  name                     = local.name
  kubernetes_version       = "1.33"
  vpc_id                   = module.vpc.vpc_id
  subnet_ids               = module.vpc.private_subnets
  control_plane_subnet_ids = module.vpc.intra_subnets
  endpoint_public_access   = true
  addons = {
    coredns                = {}
    eks-pod-identity-agent = { before_compute = true }
    kube-proxy             = {}
    vpc-cni = {
      before_compute       = true
      configuration_values = jsonencode({ env = { ENABLE_PREFIX_DELEGATION = "true" } })
    }
    aws-ebs-csi-driver = { timeouts = { create = "25m", delete = "10m" } }
  }
  node_groups = {
    default = {
      instance_types = ["m6i.large"], min_size = 2, max_size = 10, desired_size = 2
      labels         = var.node_labels
      taints         = { dedicated = { key = "dedicated", value = "gpu", effect = "NO_SCHEDULE" } }
      block_device_mappings = {
        xvda = { device_name = "/dev/xvda", ebs = { volume_size = 75, volume_type = "gp3", encrypted = true, delete_on_termination = true } }
      }
    }
    spot = { capacity_type = "SPOT", min_size = 1, max_size = 3, desired_size = 1, attach_cluster_primary_security_group = true }
  }
  fargate_profiles = { karpenter = { selectors = [{ namespace = "karpenter" }] } }
  access_entries   = { ops = { principal_arn = "arn:aws:iam::123456789012:role/ops", policy_associations = { view = { policy_arn = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy", access_scope = { type = "namespace", namespaces = ["default"] } } } } }
  tags             = { Example = local.name }
}
data "aws_eks_cluster_auth" "this" { name = local.name }
output "endpoint" { value = module.eks.cluster_endpoint }
output "groups" { value = module.eks.autoscaling }
