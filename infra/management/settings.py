"""What one installation is to be: profile, images, stores, simulation. Kept in the cluster, so that a repeat needs no flags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from infra.errors import UsageError
from infra.locations import StateLocation

PROFILES = ("dev", "prod", "argo-default")
IMAGES: Mapping[str, str] = {
    "steps": "ghcr.io/hera-platform/steps:0.1.0",
    "argoexec": "quay.io/argoproj/argoexec:v4.0.2",
    "workflow-controller": "quay.io/argoproj/workflow-controller:v4.0.2",
    "argo-server": "quay.io/argoproj/argocli:v4.0.2",
    "minio": "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z",
}
"""Image by name, as the manifests have them."""
STORE = "http://minio.hera-simulation.svc:9000"
SIMULATOR = "http://simulator.hera-simulation.svc:8443"
SIMULATED_STATE = f"s3://hera-state?endpoint={STORE}&region=us-east-1&path_style=true"
_DAY = "-".join(f"{{{{workflow.creationTimestamp.{part}}}}}" for part in "Ymd")
KEYS = f"{_DAY}/{{{{workflow.name}}}}/{{{{pod.name}}}}"
"""Artifacts lie by day, run and pod, so that a person finds them and a lifecycle rule can age them."""


@dataclass(frozen=True)
class Settings:
    """One installation."""

    profile: str = "dev"
    simulation: bool = False
    state: str = ""
    """URL of the state store as the steps see it."""
    artifacts: str = ""
    """URL of the artifact store; `artifacts` below the state store when empty."""
    drift: tuple[str, ...] = ()
    """Clusters that are compared every night."""
    images: Mapping[str, str] = field(default_factory=dict)
    """Other images than `IMAGES`, by name, as somebody asked for them."""
    built: Mapping[str, str] = field(default_factory=dict)
    """Images that were built for this cluster, by name."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """Content of images whose name stays while they change: pods start anew with it."""
    pull: str = "IfNotPresent"
    open_ui: bool = False
    """The UI may be looked at without a token, unencrypted: only where nothing but a port-forward reaches it."""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if self.profile not in PROFILES:
            raise UsageError(f"no profile {self.profile!r}; accepted: {', '.join(PROFILES)}")
        if unknown := sorted(set(self.images) - set(IMAGES)):
            raise UsageError(f"no image {unknown[0]!r}; accepted: {', '.join(IMAGES)}")
        for url in filter(None, (self.state, self.artifacts)):
            if StateLocation.parse(url).scheme == "file":
                raise UsageError(
                    f"{url}: pods cannot share a folder of this machine", next_step="name an s3://, azurerm:// or gs:// place"
                )

    @property
    def state_url(self) -> str:
        """Where states and the ledger live."""
        return self.state or (SIMULATED_STATE if self.simulation else "")

    def image(self, name: str) -> str:
        """Return the image of that name."""
        return self.images.get(name) or self.built.get(name) or IMAGES[name]

    def environment(self) -> dict[str, str]:
        """Return what every step finds in its environment; no secrets."""
        if not self.simulation:
            return {}
        return {"HERA_SIMULATOR_URL": SIMULATOR, "AWS_ENDPOINT_URL_S3": STORE, "AWS_REGION": "us-east-1"}

    def artifact_repository(self) -> dict[str, Any]:
        """Return Argo's `artifactRepository`."""
        if self.simulation and not self.artifacts:
            secret = {name: {"name": "hera-credentials", "key": key} for name, key in _SECRETS.items()}
            place = {
                "bucket": "hera-artifacts",
                "endpoint": STORE.removeprefix("http://"),
                "insecure": True,
                "region": "us-east-1",
            }
            return {"s3": place | {"keyFormat": KEYS} | secret}
        if not (self.artifacts or self.state):
            return {}
        location = StateLocation.parse(self.artifacts or self.state)
        keys = "/".join(part for part in (location.prefix, "" if self.artifacts else "artifacts", KEYS) if part)
        repository = dict(_repository(location, keys))
        return repository | ({"archiveLogs": True} if self.profile == "prod" else {})

    def to_json(self) -> str:
        """Return the form that is kept in the cluster."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Read what another version may have written; what this one does not know is left out."""
        data = json.loads(text)
        known = {item.name: data[item.name] for item in fields(cls) if item.name in data}
        return cls(**known | {"drift": tuple(known.get("drift", ()))})


_SECRETS = {"accessKeySecret": "AWS_ACCESS_KEY_ID", "secretKeySecret": "AWS_SECRET_ACCESS_KEY"}


def _repository(location: StateLocation, keys: str) -> dict[str, Any]:
    """Return the repository at a location, with the rights of the pods' own identity."""
    from infra import providers

    provider: Any = providers.for_scheme(location.scheme)
    return dict(provider.artifact_repository(location, keys))


def installed_version() -> str:
    """Return this distribution's version."""
    try:
        return version("hera-platform")
    except PackageNotFoundError:
        return "0"
