"""`clusterctl bootstrap --check`: what is missing, different, left over or not running; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.errors import AuthDenied, NotFound
from infra.kube.manifests.ready import is_ready
from infra.management.compare import Difference, differences, surplus
from infra.management.install import Installed, guarded, wanted_objects
from infra.management.settings import Settings, installed_version

if TYPE_CHECKING:
    from infra.kube.api import Api


@dataclass(frozen=True)
class Check:
    """What was found."""

    installed: str
    """The version on the cluster; empty when there is none."""
    version: str
    differences: tuple[Difference, ...]
    troubles: tuple[str, ...]

    @property
    def well(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.differences or self.troubles)


def check(api: Api, settings: Settings, found: Installed | None) -> Check:
    """Compare the cluster with what these settings ask for."""
    wanted = wanted_objects(api, settings)
    different = [item for item in differences(api, wanted) if not item.left_alone]
    different += [Difference(obj, "surplus") for obj in surplus(found.objects if found else (), wanted)]
    troubles = []
    if found and found.version != installed_version():
        troubles.append(f"installed by version {found.version or '?'}, this is {installed_version()}")
    missing = {item.title for item in different if item.state == "missing"}
    for obj in wanted:
        if obj["kind"] == "Deployment" and Difference(obj, "").title not in missing and not is_ready(api.get(api.path_of(obj))):
            troubles.append(f"{Difference(obj, '').title} is not ready")
    if found and not _guarded(api):
        troubles.append("the guard lets a forged run in")
    return Check(found.version if found else "", installed_version(), tuple(different), tuple(troubles))


def _guarded(api: Api) -> bool:
    try:
        return guarded(api)
    except (AuthDenied, NotFound):  # who may not create runs at all cannot tell; where there are no runs, others are missing
        return True
