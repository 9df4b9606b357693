"""What tests of host clusters share: an image to run, pods, and the traces that a cluster leaves on the machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from infra.errors import HeraError
from infra.host import cluster, machine, oci
from infra.host.host import RUN, Host
from infra.kube.api import Api
from tests.support.waiting import until

PROBE = "localhost/hera/probe:dev"
SOURCE = Path(__file__).parent / "probe"


def load_probe(host: Host, folder: Path) -> None:
    """Build the probe and give it to the cluster."""
    program = folder / "probe"
    if not program.exists():
        environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
        subprocess.run(["go", "build", "-trimpath", "-o", str(program), "."], cwd=SOURCE, env=environment, check=True)
    load_program(host, folder, program, PROBE)


def load_program(host: Host, folder: Path, program: Path, image: str) -> None:
    """Give a static program to the cluster as an image."""
    archive = folder / f"{host.name}-{program.name}.tar"
    oci.write(archive, image, program)
    host.load_image(archive)


def pod(name: str, *argv: str, restart: str = "Never") -> dict[str, Any]:
    container = {"name": "main", "image": PROBE, "imagePullPolicy": "Never", "args": list(argv)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [container], "restartPolicy": restart, "terminationGracePeriodSeconds": 0},
    }


def service(name: str) -> dict[str, Any]:
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def run_pod(api: Api, body: dict[str, Any], phase: str, seconds: float = 60) -> dict[str, Any]:
    """Create a pod and wait for its phase."""
    pods = "/api/v1/namespaces/default/pods"
    until(lambda: create(api, pods, body), "the pod is not accepted", seconds)
    path = f"{pods}/{body['metadata']['name']}"
    until(lambda: api.get(path)["status"].get("phase") == phase, f"the pod is not {phase}", seconds)
    return api.get(path)


def create(api: Api, path: str, body: dict[str, Any]) -> bool:
    """Create, unless the cluster is not back to that yet."""
    try:
        api.create(path, body)
    except HeraError:
        return False
    return True


def pids(host: Host) -> dict[str, int]:
    return {part: cluster._alive(host, part) for part in cluster.PARTS}


def traces(host: Host) -> dict[str, list[str]]:
    """Find everything on the machine that belongs to a cluster, by kind."""
    sight = {
        "processes": [line for line in _processes() if f"{host.run}/" in line or f"{host.home}/" in line],
        "network": [line for line in machine.run("ip", "netns").splitlines() if line.split()[0] == host.namespace],
        "links": [line for line in machine.run("ip", "-o", "link").splitlines() if f" {host.link}@" in line],
        "routes": [line for line in machine.run("ip", "route").splitlines() if f" {host.link} " in line],
        "mounts": machine.mounts(host.run, host.home),
        "groups": [str(path) for path in machine.CGROUPS.glob(f"*/hera-host-{host.name}")],
        "folders": [str(path) for path in (host.run, host.home, RUN / f"{host.name}.lock") if path.exists()],
        "pod logs": [str(path) for path in _links(Path("/var/log/containers")) if f"{host.run}/" in str(path.readlink())],
        "addresses": [str(path) for path in Path("/var/lib/cni/results").glob(f"hera-host-{host.name}-*")],
    }
    return {kind: found for kind, found in sight.items() if found}


def _links(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*") if path.is_symlink()]


def _processes() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found
