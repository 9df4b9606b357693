"""AWS as Hera knows it: each method leads to the module that does the work, imported only then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.errors import Problem, Unsupported
from infra.objects import ObjectStore
from infra.providers.aws import facts
from infra.providers.aws.errors import ERROR_PATTERNS
from infra.providers.aws.options import AwsOptions
from infra.providers.aws.security import SECURITY_RULES
from infra.providers.base import CloudObject, Identity, StateLocation, state_key
from infra.spec.model import Cluster

MODULES = {"network": "network/aws", "cluster": "kubernetes-cluster/aws-eks", "platform": "platform/base/aws"}


class Aws:
    """Amazon Web Services."""

    contract = "v1"
    name = "aws"
    title = "AWS"
    options = AwsOptions
    state_schemes = ("s3",)
    error_patterns = ERROR_PATTERNS
    security_rules = SECURITY_RULES

    def regions(self) -> Mapping[str, tuple[str, ...]]:
        """Return every region with its zones."""
        return facts.regions()

    def kubernetes_versions(self) -> tuple[str, ...]:
        """Return EKS's versions, newest first."""
        return tuple(facts.read("facts.json")["kubernetes"])

    def machine_type(self, environment: str) -> str:
        """Return the default machine type of an environment."""
        return str(facts.read("facts.json")["machines"][environment])

    def check(self, cluster: Cluster) -> list[Problem]:
        """Return what AWS would refuse."""
        from infra.providers.aws.checks import problems

        return problems(cluster)

    def module(self, stage: str) -> Path:
        """Return the folder of the stage's Terraform module; raises `Unsupported` for a stage that has none."""
        if stage not in MODULES:
            raise Unsupported(f"stage {stage!r} has no module on AWS")
        return facts.FOLDER.parents[1] / "terraform" / "modules" / MODULES[stage]

    def required_providers(self) -> Mapping[str, Mapping[str, str]]:
        """Return what the modules' versions.tf say."""
        return {"aws": {"source": "hashicorp/aws", "version": ">= 6.25, < 7.0"}}

    def provider_blocks(self, cluster: Cluster) -> Mapping[str, Any]:
        """Return terraform's `provider` block."""
        from infra.providers.aws.mapping import provider_blocks

        return provider_blocks(cluster)

    def cloud_variables(self, stage: str, cluster: Cluster) -> dict[str, Any]:
        """Return the module's `cloud` object for a stage."""
        from infra.providers.aws.mapping import cloud_variables

        return cloud_variables(stage, cluster)

    def protected_addresses(self) -> tuple[str, ...]:
        """Return what has a deletion protection of its own."""
        return ("aws_eks_cluster.this",)

    def imports(self, cluster: Cluster | None = None) -> Mapping[str, str]:
        """Return how terraform imports what the modules make."""
        return dict(facts.read("facts.json")["imports"])

    def backend(self, location: StateLocation, key: str) -> tuple[str, dict[str, Any]]:
        """Return the S3 backend of the state at `key`, which is the whole key in the bucket."""
        from infra.providers.aws.state import backend

        return backend(location, key)

    def state_object(self, location: StateLocation, cluster: str, stage: str) -> str:
        """Return the key of a state: the one that the backend is given."""
        return state_key(cluster, stage)

    def artifact_repository(self, location: StateLocation, keys: str) -> Mapping[str, Any]:
        """Return Argo's S3 repository."""
        from infra.providers.aws.state import artifact_repository

        return artifact_repository(location, keys)

    def object_store(self, location: StateLocation) -> ObjectStore:
        """Return the bucket behind a location; keys are below the location's prefix."""
        from infra.providers.aws.state import S3Store

        return S3Store(location)

    def create_state_store(self, location: StateLocation, region: str) -> list[str]:
        """Make or repair the state bucket."""
        from infra.providers.aws.bucket import create

        return create(location, region)

    def credentials(self, cluster: Cluster | None = None) -> Identity:
        """Ask AWS who we are."""
        from infra.providers.aws.session import identity

        region = cluster.spec.region if cluster else ""
        return Identity(*identity(region, cluster.spec.cloud_options if cluster else {}))

    def kubeconfig(self, cluster: Cluster, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return a kubeconfig that gets its tokens from `aws eks get-token`."""
        from infra.providers.aws.kubeconfig import kubeconfig

        return kubeconfig(cluster, outputs)

    def inventory(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """Return what AWS holds for the cluster."""
        from infra.providers.aws.inventory import inventory

        return inventory(name, region, options)

    def drain(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """Remove what Kubernetes made in AWS for the cluster."""
        from infra.providers.aws.drain import drain

        return drain(name, region, options)

    def prices(self) -> Mapping[str, Any]:
        """Return the offline price table."""
        return facts.read("prices.json")

    def permissions(self) -> Path:
        """Return the IAM policy that the modules and commands need."""
        return facts.FOLDER / "permissions.json"
