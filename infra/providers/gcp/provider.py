"""Google Cloud as Hera's provider contract sees it; every method leads to the module that knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.errors import Unsupported
from infra.providers.base import CloudObject, ErrorPattern, Identity, SecurityRule, StateLocation, state_key
from infra.providers.gcp import checks, facts, options
from infra.spec.model import Cluster

if TYPE_CHECKING:
    from pydantic import BaseModel

    from infra.errors import Problem
    from infra.objects import ObjectStore

_MODULES = Path(__file__).parents[2] / "terraform" / "modules"
_FOLDERS = {"network": "network/gcp", "cluster": "kubernetes-cluster/gcp-gke", "platform": "platform/base/gcp"}


class Gcp:
    """Google Cloud."""

    contract = "v1"
    name = "gcp"
    title = "Google Cloud"
    options: type[BaseModel] = options.Options
    state_schemes: tuple[str, ...] = ("gs",)

    error_patterns: Sequence[ErrorPattern] = facts.error_patterns()
    security_rules: Sequence[SecurityRule] = facts.security_rules()

    def regions(self) -> Mapping[str, tuple[str, ...]]:
        """Return every region with its zones."""
        return facts.regions()

    def kubernetes_versions(self) -> tuple[str, ...]:
        """Return the supported versions, newest first."""
        return tuple(facts.load("facts.json")["kubernetes"])

    def machine_type(self, environment: str) -> str:
        """Return the default machine type of an environment."""
        return str(facts.load("facts.json")["machine_types"][environment])

    def check(self, cluster: Cluster) -> list[Problem]:
        """Return what Google Cloud would refuse."""
        return checks.problems(cluster)

    def module(self, stage: str) -> Path:
        """Return the folder of the stage's Terraform module."""
        if stage not in _FOLDERS:
            raise Unsupported(f"stage {stage!r} has no Terraform module")
        return _MODULES / _FOLDERS[stage]

    def required_providers(self) -> Mapping[str, Mapping[str, str]]:
        """Return the Terraform providers that the modules need."""
        return dict(facts.load("facts.json")["required_providers"])

    def provider_blocks(self, cluster: Cluster) -> Mapping[str, Any]:
        """Return the provider block; credentials come from the environment."""
        project = options.options_of(cluster.spec.cloud_options).project_id
        return {"google": {"project": project, "region": cluster.spec.region}}

    def cloud_variables(self, stage: str, cluster: Cluster) -> dict[str, Any]:
        """Return the module's `cloud` object for a stage."""
        return options.cloud_variables(stage, cluster.spec.cloud_options)

    def protected_addresses(self) -> tuple[str, ...]:
        """Return what holds a deletion protection of its own."""
        return ("google_container_cluster.this",)

    def imports(self, cluster: Cluster | None = None) -> Mapping[str, str]:
        """Return how terraform imports what the modules make; IAM members are added twice without harm."""
        return dict(facts.load("facts.json")["imports"])

    def backend(self, location: StateLocation, key: str) -> tuple[str, dict[str, Any]]:
        """Return the gcs backend; the state becomes the object `KEY/default.tfstate`."""
        arguments: dict[str, Any] = {"bucket": location.bucket, "prefix": key}
        if "kms_key" in location.options:
            arguments["kms_encryption_key"] = location.options["kms_key"]
        if "endpoint" in location.options:
            arguments["storage_custom_endpoint"] = location.options["endpoint"].rstrip("/") + "/storage/v1/b"
        return "gcs", arguments

    def state_object(self, location: StateLocation, cluster: str, stage: str) -> str:
        """Return the object of a state, which the backend calls after its workspace."""
        return f"{state_key(cluster, stage)}/default.tfstate"

    def artifact_repository(self, location: StateLocation, keys: str) -> Mapping[str, Any]:
        """Return Argo's GCS repository; without a key it takes the pods' workload identity."""
        return {"gcs": {"bucket": location.bucket, "keyFormat": keys}}

    def object_store(self, location: StateLocation) -> ObjectStore:
        """Return the store behind a gs:// location."""
        from infra.providers.gcp.storage import GcsStore

        return GcsStore(location)

    def create_state_store(self, location: StateLocation, region: str) -> list[str]:
        """Make or repair the state bucket."""
        from infra.providers.gcp.storage import create_bucket

        return create_bucket(location, region)

    def credentials(self, cluster: Cluster | None = None) -> Identity:
        """Ask Google who we are, and whether that is enough for the cluster's project."""
        from infra.providers.gcp import auth

        return auth.check(options.options_of(cluster.spec.cloud_options).project_id if cluster else None)

    def kubeconfig(self, cluster: Cluster, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return a kubeconfig that gets tokens from gke-gcloud-auth-plugin."""
        from infra.providers.gcp.kubeconfig import kubeconfig

        return kubeconfig(cluster, outputs)

    def inventory(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """Return what the project holds of the cluster."""
        from infra.providers.gcp.inventory import inventory
        from infra.providers.gcp.rest import connect

        return inventory(connect(str(options["projectId"])), name, region)

    def drain(self, name: str, region: str, options: Mapping[str, Any]) -> list[CloudObject]:
        """Remove load balancers and volumes that Kubernetes made for the cluster."""
        from infra.providers.gcp.drain import drain
        from infra.providers.gcp.rest import connect

        return drain(connect(str(options["projectId"])), name)

    def prices(self) -> Mapping[str, Any]:
        """Return the offline price table."""
        table: Mapping[str, Any] = facts.load("prices.json")
        return table

    def permissions(self) -> Path:
        """Return the custom role with the rights that this provider needs."""
        return facts.HERE / "permissions.json"
