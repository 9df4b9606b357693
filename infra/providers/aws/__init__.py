"""Amazon Web Services: EKS in a VPC of its own, states in S3."""

from infra.providers.aws.provider import Aws

PROVIDER = Aws()
