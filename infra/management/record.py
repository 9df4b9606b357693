"""Which management cluster is in use, remembered by `clusterctl bootstrap` so that no other command has to ask."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import StateCorrupt
from infra.homes import hera_home

if TYPE_CHECKING:
    from infra.kube.api import Api


@dataclass(frozen=True)
class Management:
    """A prepared management cluster, as seen from this machine."""

    kubeconfig: str
    context: str
    namespace: str = "hera"
    ui: str = ""
    """How the UI is opened: a URL, or the command that makes one."""
    simulation: bool = False
    state: str = ""
    """URL of the state store as runs in the cluster see it."""

    @classmethod
    def load(cls) -> Management | None:
        """Return the remembered cluster, or None when there is none."""
        try:
            data = json.loads(_path().read_text())
            return cls(**{field.name: data[field.name] for field in fields(cls) if field.name in data})
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise StateCorrupt(
                f"{_path()} can't be read", next_step="run `clusterctl bootstrap` again", detail=str(error)
            ) from error

    def save(self) -> Path:
        """Remember this cluster instead of any other."""
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self), indent=2) + "\n")
        fresh.chmod(0o600)
        fresh.replace(path)
        return path

    def forget(self) -> None:
        """Forget this cluster, unless another one has been remembered since."""
        if Management.load() == self:
            _path().unlink(missing_ok=True)

    def api(self) -> Api:
        """Connect to it."""
        from infra.kube.api import Api

        return Api.connect(Path(self.kubeconfig) if self.kubeconfig else None, self.context or None)


def _path() -> Path:
    return hera_home() / "management.json"
