"""One host cluster: its folders, names and addresses, all derived from its name and its number."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.errors import StepFailed, UsageError
from infra.homes import hera_home

RUN = Path("/run/hera-host")  # short, since the path of a Unix socket has at most 107 characters
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?")
LAST_NUMBER = 254


@dataclass(frozen=True)
class Host:
    """A cluster on this machine.

    Args:
        name: Names the folders, the network namespace, the node and the kubeconfig's context.
        number: 1 to 254, unlike that of any other cluster here; every address comes from it.
        home: The folder with what lasts: data, certificates, logs, kubeconfig.
        bin: The folder with the programs.
        way_out: Whether pods reach what this machine reaches.
    """

    name: str
    number: int
    home: Path
    bin: Path
    way_out: bool = False

    @property
    def run(self) -> Path:
        """The folder with what a restart of the machine may take: sockets, process records, mounts."""
        return RUN / self.name

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.home / "kubeconfig"

    @property
    def context(self) -> str:
        """The context's name in the kubeconfig."""
        return f"hera-{self.name}"

    @property
    def pki(self) -> Path:
        """The folder with certificates and keys."""
        return self.home / "pki"

    @property
    def logs(self) -> Path:
        """The folder with one log a part, and the audit log."""
        return self.home / "logs"

    @property
    def socket(self) -> Path:
        """The container runtime's socket."""
        return self.run / "containerd.sock"

    @property
    def node(self) -> str:
        """The node's name."""
        return f"{self.name}-node"

    @property
    def namespace(self) -> str:
        """The network namespace's name."""
        return f"hera-{self.name}"

    @property
    def link(self) -> str:
        """The name of this machine's end of the link to the cluster; at most 15 characters."""
        return f"hera{self.number}"

    @property
    def machine_ip(self) -> str:
        """The address of this machine as the cluster sees it."""
        return f"172.30.{self.number}.1"

    @property
    def node_ip(self) -> str:
        """The node's address, which this machine reaches."""
        return f"172.30.{self.number}.2"

    @property
    def link_cidr(self) -> str:
        """The addresses of the link."""
        return f"172.30.{self.number}.0/24"

    @property
    def pod_cidr(self) -> str:
        """The pods' addresses, which this machine reaches."""
        return f"10.244.{self.number}.0/24"

    @property
    def service_cidr(self) -> str:
        """The Services' addresses, which this machine reaches."""
        return f"10.96.{self.number}.0/24"

    @property
    def service_ip(self) -> str:
        """The address of the Service `kubernetes`."""
        return f"10.96.{self.number}.1"

    @property
    def dns_ip(self) -> str:
        """The cluster's name server."""
        return f"10.96.{self.number}.10"

    @property
    def server(self) -> str:
        """The API server's URL."""
        return f"https://{self.node_ip}:6443"

    @property
    def addresses(self) -> dict[str, str]:
        """What a user may want to know of the network."""
        return {
            "API server": self.server,
            "node": self.node_ip,
            "machine": self.machine_ip,
            "pods": self.pod_cidr,
            "services": self.service_cidr,
            "dns": self.dns_ip,
        }

    def inside(self, argv: Sequence[str]) -> list[str]:
        """Give the command that runs `argv` in the cluster's network.

        Not by `ip netns exec`, which mounts /sys anew and so hides the cgroups.
        """
        return ["nsenter", f"--net=/run/netns/{self.namespace}", *argv]

    def load_image(self, archive: Path) -> None:
        """Give an image archive (OCI or Docker) to the container runtime, under the names that it carries."""
        self._ctr("images", "import", str(archive))

    def images(self) -> list[str]:
        """List the names of the images that the container runtime has."""
        return self._ctr("images", "list", "-q").split()

    def _ctr(self, *argv: str) -> str:
        done = subprocess.run(
            ["ctr", "-a", str(self.socket), "-n", "k8s.io", *argv], capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            raise StepFailed(
                f"the container runtime of {self.name} refused `ctr {' '.join(argv)}`: {done.stderr.strip()[-500:]}",
                next_step=f"look at {self.logs / 'containerd.log'}",
            )
        return done.stdout

    def save(self) -> None:
        """Record the cluster in both of its folders, so that it is found from either."""
        text = json.dumps(asdict(self), default=str, indent=1)
        for folder in (self.home, self.run):
            folder.mkdir(parents=True, exist_ok=True)
            aside = folder / ".cluster.json"
            aside.write_text(text)
            aside.rename(folder / "cluster.json")


def clusters_home() -> Path:
    """Return the folder of this user's clusters."""
    return hera_home() / "host"


def load(folder: Path) -> Host | None:
    """Read a cluster's record from one of its folders; None when there is none, or half of one."""
    try:
        data = json.loads((folder / "cluster.json").read_text())
        return Host(data["name"], int(data["number"]), Path(data["home"]), Path(data["bin"]), bool(data["way_out"]))
    except (OSError, ValueError, KeyError):
        return None


def running() -> list[Host]:
    """Return every cluster of this machine, whoever's it is."""
    return [host for folder in sorted(RUN.glob("*")) if (host := load(folder))]


def check_name(name: str) -> str:
    """Return the name when it can name folders, interfaces and a node."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} can't name a host cluster", next_step="use at most 30 of a-z, 0-9 and -, with no - at either end"
        )
    return name


def free_number(name: str, taken: set[int]) -> int:
    """Choose a number: from the name, so that it tends to stay the same, or the next free one."""
    first = int.from_bytes(hashlib.sha256(name.encode()).digest()[:2]) % LAST_NUMBER
    for offset in range(LAST_NUMBER):
        if (number := (first + offset) % LAST_NUMBER + 1) not in taken:
            return number
    raise StepFailed("254 host clusters are on this machine, and no address is left", next_step="take one down")
