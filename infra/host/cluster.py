"""A single-node Kubernetes on this machine: up, down, and one part at a time for those who look for faults.

Every function may be repeated and starts from whatever it finds: a half-made cluster, dead processes, a restarted machine.
"""

from __future__ import annotations

import json
import os
import shutil
import signal as signals
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.errors import AlreadyExists, NotFound, StepFailed, TimedOut, UsageError
from infra.host import machine, oci, parts, pki, processes
from infra.host.host import RUN, Host, check_name, clusters_home, free_number, load, running
from infra.host.parts import Progress
from infra.host.units import FIRST, LATER, PARTS, PAUSE, units, write_files

__all__ = ["PARTS", "Host", "down", "find", "kill", "ready", "start", "status", "up"]
PATIENCE = 120.0  # seconds for any one thing to become ready on a busy machine
PAUSE_BETWEEN = 0.1
KUBELET_TRIES = 5


def up(name: str, *, progress: Progress, way_out: bool = False) -> Host:
    """Bring a cluster up, or what is missing of it, and return when its node takes pods.

    Args:
        name: The cluster's name on this machine.
        progress: Is told what happens.
        way_out: Let pods reach what this machine reaches.
    """
    check_name(name)
    machine.require(progress)
    binaries = parts.ensure(*parts.CLUSTER, progress=progress)
    with machine.locked(name):
        host = _claim(name, binaries, way_out)
        progress(f"{name}: network, certificates and files")
        machine.make_cgroup(name)
        machine.connect(host)
        machine.bind_kubelet(host)
        pki.make(host)
        write_files(host)
        progress(f"{name}: starting {', '.join(FIRST)}")
        for part in FIRST:
            _launch(host, part)
        _wait(host, "containerd", lambda: _runtime_answers(host))
        _load_pause(host)
        _wait(host, "apiserver", lambda: _get(host, "/readyz") is not None)
        _let_coredns_read(host)
        progress(f"{name}: starting {', '.join(LATER)}")
        for part in LATER:
            _launch(host, part)
        _wait_for_node(host)
        _wait(host, "coredns", lambda: _reads(f"http://{host.node_ip}:8181/ready"))
        _wait(host, "controller-manager", lambda: _get(host, "/api/v1/namespaces/default/serviceaccounts/default") is not None)
    progress(f"{name}: ready at {host.server}")
    return host


def down(name: str, *, progress: Progress = lambda _: None) -> None:
    """Take a cluster down and remove everything that it was; does nothing where there is none."""
    check_name(name)
    if (host := find(name)) is None:
        return
    with machine.locked(name):
        progress(f"{name}: stopping its processes")
        processes.kill(pid for part in PARTS if (pid := _alive(host, part)))
        sockets = machine.shim_sockets(host)
        for _ in range(3):  # what is killed may have started something just before
            processes.kill(processes.with_argument(str(host.socket)))
            processes.kill(machine.cgroup_pids(name))
            processes.kill(processes.in_network(machine.NAMESPACES / host.namespace))
        progress(f"{name}: removing its network, mounts and files")
        machine.unmount(host.run, host.home)
        machine.disconnect(host)
        machine.remove_cgroup(name)
        machine.remove_traces(host)
        for socket in sockets:
            socket.unlink(missing_ok=True)
        _remove(host.home)
        with machine.locked():
            _remove(host.run)
            machine.remove_lock(name)
            if not running():
                machine.restore_settings()
                machine.remove_empty_folders()
                machine.remove_lock()
                _remove_if_empty(RUN)
    _remove_if_empty(clusters_home())
    progress(f"{name}: gone")


def find(name: str) -> Host | None:
    """Return this user's cluster of that name, whole or not."""
    if host := load(clusters_home() / name):
        return host
    host = load(RUN / name)
    return host if host and host.home == clusters_home() / name else None


def status(name: str) -> dict[str, str]:
    """Say of each part whether it runs, and of the node whether it takes pods."""
    host = _known(name)
    states = {part: "running" if _alive(host, part) else "stopped" for part in PARTS}
    return states | {"node": "ready" if ready(host) else "not ready"}


def kill(name: str, part: str, signal: int = signals.SIGKILL) -> None:
    """Send one part a signal; when it is to end, return once it has."""
    host = _known(name, part)
    if not (pid := _alive(host, part)):
        return
    os.kill(pid, signal)
    if signal in (signals.SIGKILL, signals.SIGTERM, signals.SIGINT):
        _until(lambda: not _alive(host, part), f"{part} of {name} did not end")


def start(name: str, part: str) -> None:
    """Start one part when it does not run, and return once it answers, as far as it can be asked."""
    host = _known(name, part)
    with machine.locked(name):
        _launch(host, part)
        if part == "containerd":
            _wait(host, part, lambda: _runtime_answers(host))
        if part == "apiserver":
            _wait(host, part, lambda: _get(host, "/readyz") is not None)


def ready(host: Host) -> bool:
    """Whether the API server answers and the node takes pods."""
    node = _get(host, f"/api/v1/nodes/{host.node}") or {}
    conditions = node.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _known(name: str, part: str = "") -> Host:
    if part and part not in PARTS:
        raise UsageError(f"a host cluster has no part {part!r}", next_step=f"choose one of {', '.join(PARTS)}")
    if (host := find(name)) is None:
        raise NotFound(f"there is no host cluster {name!r} on this machine", next_step="run `clusterctl bootstrap --target host`")
    return host


def _claim(name: str, binaries: Path, way_out: bool) -> Host:
    """Find or choose the cluster's number, and record the cluster before anything of it exists."""
    with machine.locked():
        others = {host.name: host for host in running()}
        home = clusters_home() / name
        other = others.pop(name, None)
        if other and other.home != home:
            raise AlreadyExists(
                f"a host cluster {name!r} runs on this machine already, from {other.home}",
                next_step="choose another name, or take that one down with its HERA_HOME",
            )
        taken = {host.number for host in others.values()}
        known = load(home) or other
        if known and known.number in taken:
            raise AlreadyExists(
                f"the addresses of {name!r} are in use by another host cluster of this machine",
                next_step="take one of the two down",
            )
        number = known.number if known else free_number(name, taken)
        host = Host(name, number, home, binaries, way_out or bool(known and known.way_out))
        machine.remember_settings()
        host.save()
        return host


def _record(host: Host, part: str) -> Path:
    return host.run / "processes" / f"{part}.json"


def _alive(host: Host, part: str) -> int:
    """Return a part's pid; 0 when it does not run."""
    record = processes.Record.load(_record(host, part))
    return record.pid if record and record.alive else 0


def _launch(host: Host, part: str) -> None:
    """Start a part, unless it runs already with the command line and files that it should have."""
    processes.reap()
    unit = units(host)[part]
    if pid := _alive(host, part):
        record = processes.Record.load(_record(host, part))
        if record and record.told == unit.told:
            return
        processes.kill([pid])
    log = host.logs / f"{part}.log"
    processes.launch(unit.argv, log, machine.environment(), unit.told).save(_record(host, part))


def _wait(host: Host, part: str, done: Callable[[], bool]) -> None:
    """Wait until a part answers; its death ends the waiting at once."""

    def answers_or_dies() -> bool:
        if done():
            return True
        processes.reap()
        if not _alive(host, part):
            raise StepFailed(
                f"{part} of {host.name} ended\n{_last_lines(host, part)}",
                next_step=f"look at {host.logs / f'{part}.log'}, then run the same command again",
            )
        return False

    _until(answers_or_dies, f"{part} of {host.name} does not answer; its log: {host.logs / f'{part}.log'}")


def _wait_for_node(host: Host) -> None:
    """Wait until the node takes pods; a kubelet that came before its runtime was ready gives up, and is started again."""
    tries = 0

    def node_ready() -> bool:
        nonlocal tries
        if ready(host):
            return True
        processes.reap()
        if not _alive(host, "kubelet"):
            if (tries := tries + 1) > KUBELET_TRIES:
                raise StepFailed(
                    f"the kubelet of {host.name} ended\n{_last_lines(host, 'kubelet')}",
                    next_step=f"look at {host.logs / 'kubelet.log'}, then run the same command again",
                )
            time.sleep(0.5)
            _launch(host, "kubelet")
        return False

    _until(node_ready, f"the node of {host.name} does not become ready; its log: {host.logs / 'kubelet.log'}")


def _until(done: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > until:
            raise TimedOut(f"{otherwise}; waited {PATIENCE:.0f} s", next_step="run the same command again")
        time.sleep(PAUSE_BETWEEN)


def _last_lines(host: Host, part: str, count: int = 5) -> str:
    path = host.logs / f"{part}.log"
    return "\n".join(path.read_text(errors="replace").splitlines()[-count:]) if path.exists() else ""


def _runtime_answers(host: Host) -> bool:
    argv = ["ctr", "-a", str(host.socket), "--connect-timeout", "1s", "version"]
    return subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def _load_pause(host: Host) -> None:
    if PAUSE not in host.images():
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "pause.tar"
            oci.write(archive, PAUSE, host.bin / "pause")
            host.load_image(archive)


def _let_coredns_read(host: Host) -> None:
    """Give the name server its rights; it is a process, so its account is the name in its certificate."""
    url, name = "/apis/rbac.authorization.k8s.io/v1", "system:coredns"
    api = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": name}}
    reads = ["list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": reads},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": reads},
    ]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    users = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}]
    for kind, body in (
        ("clusterroles", api | {"kind": "ClusterRole", "rules": rules}),
        ("clusterrolebindings", api | {"kind": "ClusterRoleBinding", "roleRef": role, "subjects": users}),
    ):
        if _get(host, f"{url}/{kind}/{name}") is None:
            _call(host, "POST", f"{url}/{kind}", body)


def _get(host: Host, path: str) -> dict[str, Any] | None:
    """Read from the API server; None when it does not answer, or not yet, or has no such thing."""
    try:
        return _call(host, "GET", path)
    except (OSError, ValueError):
        return None


def _call(host: Host, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    context = ssl.create_default_context(cafile=host.pki / "ca.crt")
    context.load_cert_chain(host.pki / "admin.crt", host.pki / "admin.key")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    request = urllib.request.Request(
        host.server + path,
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={"Content-Type": "application/json"},
    )
    with opener.open(request, timeout=5) as answer:
        text = answer.read()
    return dict(json.loads(text)) if text.startswith(b"{") else {}


def _reads(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2):
            return True
    except OSError:
        return False


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise StepFailed(f"{folder} can't be removed: something still uses it", next_step="run the same command again")


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
