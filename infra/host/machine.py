"""What a host cluster needs of the machine and changes on it: packages, settings, network, control groups, mounts."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from infra.errors import AuthDenied, DependencyMissing, StepFailed, Unsupported
from infra.host.host import RUN, Host
from infra.host.parts import Progress
from infra.host.units import CNI_FOLDERS, cgroup, cni_network

PACKAGES = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "ip": "iproute2",
    "nsenter": "util-linux",
}
CNI_PACKAGE = "containernetworking-plugins"
SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
SETTINGS = RUN / ".settings.json"
SYS = Path("/proc/sys")
CGROUPS = Path("/sys/fs/cgroup")
NAMESPACES = Path("/run/netns")
INSTANCES = "fs/inotify/max_user_instances"
ENOUGH_INSTANCES = 1024
# the kubelet sets the last six by itself, and does not set them back
CHANGED = (
    INSTANCES,
    "net/ipv4/ip_forward",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)


def environment() -> dict[str, str]:
    """Return what a cluster's processes see of this process's environment: the folders of programs, and no more."""
    return {"PATH": search_path(), "HOME": "/root"}


def search_path() -> str:
    """Return PATH with the folders of administration programs, which not everybody's has."""
    folders = os.environ.get("PATH", "/usr/bin:/bin").split(":")
    return ":".join([*folders, *(folder for folder in SYSTEM_FOLDERS if folder not in folders)])


def missing_packages() -> list[str]:
    """Name the Debian packages that are needed and not installed."""
    found = {package for program, package in PACKAGES.items() if not shutil.which(program, path=search_path())}
    if not any((folder / "bridge").exists() for folder in CNI_FOLDERS):
        found.add(CNI_PACKAGE)
    return sorted(found)


def require(progress: Progress) -> None:
    """Refuse a machine on which a host cluster can't run; install missing packages where that is allowed."""
    if sys.platform != "linux":
        raise Unsupported(f"a host cluster runs on Linux, and this is {sys.platform}", next_step="use a Linux machine")
    if os.geteuid() != 0:
        raise AuthDenied("a host cluster needs root: it makes network namespaces and mounts", next_step="run it as root")
    if not (missing := missing_packages()):
        return
    command = f"apt-get install {' '.join(missing)}"
    if os.environ.get("HERA_HOST_INSTALL", "true").lower() == "false" or not shutil.which("apt-get"):
        raise DependencyMissing(f"these packages are missing: {', '.join(missing)}", next_step=f"run `{command}`")
    progress(f"installing {', '.join(missing)}")
    base = ["apt-get", "-qq", "-y", "-o", "DPkg::Lock::Timeout=300"]
    if not any(Path("/var/lib/apt/lists").glob("*Packages*")):
        _apt([*base, "update"], command)
    _apt([*base, "install", "--no-install-recommends", *missing], command)


def _apt(argv: Sequence[str], command: str) -> None:
    done = subprocess.run(
        argv, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise DependencyMissing(f"`{' '.join(argv[:2])} …` failed: {done.stderr.strip()[-500:]}", next_step=f"run `{command}`")


@contextmanager
def locked(name: str = "") -> Iterator[None]:
    """Hold a cluster's lock, or the machine's when no name is given; `remove_lock` removes it while it is held."""
    path = RUN / f"{name}.lock"
    while True:
        RUN.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            try:
                file = stack.enter_context(path.open("w"))
            except FileNotFoundError:
                continue  # the last cluster went, and the folder with it
            fcntl.flock(file, fcntl.LOCK_EX)
            if not path.exists() or path.stat().st_ino != os.fstat(file.fileno()).st_ino:
                continue  # it was removed while we waited
            yield
            return


def remove_lock(name: str = "") -> None:
    """Remove a lock that this process holds."""
    (RUN / f"{name}.lock").unlink(missing_ok=True)


def run(*argv: str, check: bool = True) -> str:
    """Run a program of the system and return its output."""
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment())
    if check and done.returncode:
        raise StepFailed(f"`{' '.join(argv)}` failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def remember_settings() -> None:
    """Record what the first cluster is about to change, for the last one to set back."""
    if not SETTINGS.exists():
        values = {name: (SYS / name).read_text().strip() for name in CHANGED if (SYS / name).exists()}
        _save(SETTINGS, {"settings": values, "namespaces": NAMESPACES.is_dir()})
    if int((SYS / INSTANCES).read_text()) < ENOUGH_INSTANCES:
        (SYS / INSTANCES).write_text(str(ENOUGH_INSTANCES))


def restore_settings() -> None:
    """Set back what `remember_settings` recorded."""
    try:
        data = json.loads(SETTINGS.read_text())
    except (OSError, ValueError):
        return
    for name, value in data["settings"].items():
        if (SYS / name).read_text().strip() != value:
            (SYS / name).write_text(value)
    if not data["namespaces"] and NAMESPACES.is_dir() and not any(NAMESPACES.iterdir()):
        run("umount", str(NAMESPACES), check=False)
        with suppress(OSError):
            NAMESPACES.rmdir()
    SETTINGS.unlink()


def _save(path: Path, data: object) -> None:
    aside = path.with_name(f"{path.name}.new")
    aside.write_text(json.dumps(data))
    aside.rename(path)


def connect(host: Host) -> None:
    """Make the cluster's network and its link to this machine; safe to repeat."""
    inside = ("ip", "-n", host.namespace)
    if not (NAMESPACES / host.namespace).exists():
        run("ip", "netns", "add", host.namespace)
    if not _has_link(host):
        run("ip", "link", "add", host.link, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
    run("ip", "address", "replace", f"{host.machine_ip}/24", "dev", host.link)
    run("ip", "link", "set", host.link, "up")
    run(*inside, "link", "set", "lo", "up")
    run(*inside, "address", "replace", f"{host.dns_ip}/32", "dev", "lo")
    run(*inside, "address", "replace", f"{host.node_ip}/24", "dev", "eth0")
    run(*inside, "link", "set", "eth0", "up")
    run(*inside, "route", "replace", "default", "via", host.machine_ip)
    for cidr in (host.pod_cidr, host.service_cidr):
        run("ip", "route", "replace", cidr, "via", host.node_ip, "dev", host.link)
    forward = "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables || true"
    run(*host.inside(["sh", "-c", f"modprobe -q br_netfilter || true; {forward}"]))
    if host.way_out:
        (SYS / "net/ipv4/ip_forward").write_text("1")
        for rule in _rules(host):
            if not _has_rule(rule):
                run("iptables", "-w", *rule[:2], "-I", *rule[2:])


def _has_link(host: Host) -> bool:
    return Path(f"/sys/class/net/{host.link}").exists()


def _rules(host: Host) -> list[tuple[str, ...]]:
    comment = ("-m", "comment", "--comment", f"hera-host {host.name}")
    return [
        *(
            ("-t", "nat", "POSTROUTING", "-s", cidr, "!", "-o", host.link, *comment, "-j", "MASQUERADE")
            for cidr in (host.link_cidr, host.pod_cidr)
        ),
        ("-t", "filter", "FORWARD", "-i", host.link, *comment, "-j", "ACCEPT"),
        ("-t", "filter", "FORWARD", "-o", host.link, *comment, "-j", "ACCEPT"),
    ]


def _has_rule(rule: tuple[str, ...]) -> bool:
    argv = ("iptables", "-w", *rule[:2], "-C", *rule[2:])
    return subprocess.run(argv, capture_output=True, env=environment()).returncode == 0


def disconnect(host: Host) -> None:
    """Remove the link and the network; safe to repeat."""
    if host.way_out:
        for rule in _rules(host):
            while _has_rule(rule):
                run("iptables", "-w", *rule[:2], "-D", *rule[2:])
    if _has_link(host):
        run("ip", "link", "delete", host.link, check=False)
    if (NAMESPACES / host.namespace).exists():
        run("ip", "netns", "delete", host.namespace)


def bind_kubelet(host: Host) -> None:
    """Show the kubelet's folder under a short path: its sockets need one, its volumes need a disk."""
    target, source = host.run / "kubelet", host.home / "kubelet"
    for folder in (target, source):
        folder.mkdir(parents=True, exist_ok=True)
    if str(target) not in mounts(target):  # a bind mount within one device is none to os.path.ismount
        run("mount", "--bind", str(source), str(target))
        run("mount", "--make-private", str(target))


def mounts(*folders: Path) -> list[str]:
    """List the mounts at or below folders, the deepest first."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        path = re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), line.split()[4])
        if any(path == str(folder) or path.startswith(f"{folder}/") for folder in folders):
            found.append(path)
    return sorted(found, key=len, reverse=True)


def unmount(*folders: Path) -> None:
    """Unmount everything at or below folders."""
    for _ in range(5):
        if not (found := mounts(*folders)):
            return
        for path in found:
            run("umount", "-l", path, check=False)


def make_cgroup(name: str) -> None:
    """Make the control group above the pods, in every hierarchy that there is."""
    if (CGROUPS / "cgroup.controllers").exists():
        wanted = (CGROUPS / "cgroup.controllers").read_text().split()
        (CGROUPS / cgroup(name)).mkdir(exist_ok=True)
        for folder in (CGROUPS, CGROUPS / cgroup(name)):
            with suppress(OSError):
                (folder / "cgroup.subtree_control").write_text(" ".join(f"+{controller}" for controller in wanted))
        return
    for folder in _hierarchies():
        (folder / cgroup(name)).mkdir(exist_ok=True)
    for item in ("cpuset.cpus", "cpuset.mems"):
        path = CGROUPS / "cpuset" / cgroup(name) / item
        if path.exists() and not path.read_text().strip():
            path.write_text((CGROUPS / "cpuset" / item).read_text())


def _hierarchies() -> list[Path]:
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS]
    return [path for path in CGROUPS.iterdir() if path.is_dir() and not path.is_symlink() and (path / "cgroup.procs").exists()]


def cgroup_pids(name: str) -> list[int]:
    """List the processes in a cluster's pods."""
    found: set[int] = set()
    for folder in _hierarchies():
        for path in (folder / cgroup(name)).rglob("cgroup.procs"):
            with suppress(OSError):
                found.update(int(pid) for pid in path.read_text().split())
    return sorted(found)


def remove_cgroup(name: str) -> None:
    """Remove a cluster's control groups, which hold no process any more."""
    for folder in _hierarchies():
        for path, _, _ in os.walk(folder / cgroup(name), topdown=False):
            for _ in range(20):
                try:
                    Path(path).rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.05)


def shim_sockets(host: Host) -> list[Path]:
    """List the sockets that the containers' shims have outside the cluster's folders."""
    found = []
    for path in (host.run / "containerd").glob("io.containerd.runtime.v2.task/k8s.io/*/address"):
        with suppress(OSError):
            found.append(Path(path.read_text().removeprefix("unix://")))
    return found


def remove_traces(host: Host) -> None:
    """Remove what runtime and kubelet wrote at places that can't be configured."""
    for path in Path("/var/lib/cni/results").glob(f"{cni_network(host.name)}-*"):
        if re.fullmatch(rf"{cni_network(host.name)}-[0-9a-f]{{64}}-eth0", path.name):
            path.unlink(missing_ok=True)
    for link in Path("/var/log/containers").glob("*.log"):
        if link.is_symlink() and str(link.readlink()).startswith(f"{host.run}/"):
            link.unlink(missing_ok=True)


def remove_empty_folders() -> None:
    """Remove the folders at such places where nothing is left in them."""
    for name in ("kubelet.sock", "kubelet_internal_checkpoint", "DEPRECATION"):
        with suppress(OSError):
            (Path("/var/lib/kubelet/device-plugins") / name).unlink()
    for folder in (
        "/var/lib/kubelet/device-plugins",
        "/var/lib/kubelet",
        "/var/log/containers",
        "/var/lib/cni/results",
        "/var/lib/cni/cache",
        "/var/lib/cni",
        "/run/containerd/s",
        "/run/containerd",
    ):
        with suppress(OSError):
            Path(folder).rmdir()
