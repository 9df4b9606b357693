"""What a step was asked, read once from its environment and typed, so that no step reads environment variables itself."""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from infra import providers
from infra.errors import HeraError, NotFound, UsageError
from infra.homes import simulation_home, simulator_home, work_home
from infra.targets import CloudTarget, SimulatorTarget, Target, without_dummies
from steps.common.ledger import Ledger, Ledgers, open_store
from steps.contract import SPEC_FILE, variable

if TYPE_CHECKING:
    from infra.locations import StateLocation
    from infra.objects import ObjectStore
    from infra.providers.base import Provider
    from infra.spec.model import Cluster


@dataclass(frozen=True)
class Context:
    """A step's parameters and what they lead to."""

    parameters: Mapping[str, str]
    root: Path
    prefix: str = ""
    """What sets the names of outputs and artifacts apart from those of other steps in the same container."""

    @classmethod
    def read(cls, names: tuple[str, ...], prefix: str = "") -> Context:
        """Read the named parameters from the environment."""
        values = {name: os.environ.get(variable(name), "") for name in names}
        return cls(values, Path(os.environ.get("HERA_ROOT", "/hera")), f"{prefix}-" if prefix else "")

    def get(self, name: str) -> str:
        """Return a parameter, or an empty text."""
        return self.parameters.get(name, "")

    @property
    def simulated(self) -> bool:
        """Whether this run goes to the simulator."""
        return self.get("simulate") == "true"

    @property
    def actor(self) -> str:
        """Who asked."""
        return self.get("actor") or getpass.getuser()

    @property
    def run(self) -> str:
        """The workflow's name."""
        return self.get("run") or f"manual-{os.getpid()}"

    @cached_property
    def store(self) -> ObjectStore:
        """Where states, plans and the ledger are."""
        return open_store(self.state_url)

    @property
    def state_url(self) -> str:
        """The state location; a folder of its own in simulation when none is given."""
        url = self.get("state")
        if not url and not self.simulated:
            raise UsageError("no state location", next_step="run `clusterctl init`, or pass --state URL")
        return url or simulation_home().absolute().as_uri()

    @cached_property
    def location(self) -> StateLocation:
        """The state location, taken apart."""
        from infra.locations import StateLocation

        return StateLocation.parse(self.state_url)

    @cached_property
    def ledgers(self) -> Ledgers:
        """All clusters' ledgers."""
        return Ledgers(self.store)

    @cached_property
    def cluster(self) -> Cluster:
        """The spec asked for, or else the one in the ledger; raises `SpecInvalid`, `NotFound`."""
        text = self.get("spec") or self._mounted_spec()
        if text:
            return _parse(text)
        ledger = self.ledgers.find(self.get("cluster"))
        if ledger is None or not ledger.spec:
            raise NotFound(
                f"no cluster {self.get('cluster')!r} in the ledger and no spec given", next_step="pass the spec with -f FILE"
            )
        return Ledger.cluster(ledger)

    def _mounted_spec(self) -> str:
        """Return the spec that the pod's environment took from a ConfigMap."""
        source, text = self.get("spec-from"), os.environ.get("HERA_SPEC_TEXT", "")
        if source in ("", "none") or text:
            return text
        raise NotFound(
            f"there is no ConfigMap {source!r} with the key {SPEC_FILE}",
            next_step=f"kubectl create configmap {source} --from-file={SPEC_FILE}=FILE, or pass the spec itself",
        )

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.get("cluster") or self.cluster.name

    @cached_property
    def provider(self) -> Provider:
        """The cluster's cloud."""
        return providers.get(self.cluster.spec.cloud)

    @cached_property
    def target(self) -> Target:
        """The world this run works in."""
        return SimulatorTarget(simulator_home()) if self.simulated else CloudTarget(self.provider)

    def terraform_environment(self) -> Mapping[str, str]:
        """Return what terraform needs beyond ours: never made-up credentials where the state needs real ones."""
        wanted = self.target.environment()
        if not self.simulated or self.location.scheme == "file":
            return wanted
        return without_dummies(wanted)

    def work(self, stage: str) -> Path:
        """Return the stage's working folder for terraform."""
        parent = os.environ.get("HERA_WORK")
        folder = (Path(parent) if parent else work_home(simulated=self.simulated)) / self.name / stage
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def output(self, name: str, value: str) -> None:
        """Write an output parameter."""
        self._write(self.root / "outputs" / f"{self.prefix}{name}", value)

    def artifact(self, name: str, text: str) -> None:
        """Write an artifact file."""
        self._write(self.root / "artifacts" / f"{self.prefix}{name}", text)

    def fail(self, problem: HeraError) -> None:
        """Leave the error where pipelines and the command line find it."""
        self._write(self.root / "outputs" / "error", json.dumps(problem.to_dict()))

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(text)


def _parse(text: str) -> Cluster:
    from infra.spec.load import parse_cluster

    return parse_cluster(text)


def host() -> str:
    """Return this machine's name, as lock holders are told apart by it."""
    return socket.gethostname()
