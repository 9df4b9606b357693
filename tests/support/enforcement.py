"""Holds a host cluster's pods to network policies with a real engine: kube-router's firewall, as a process on the node.

It watches pods, namespaces and policies and writes iptables rules and address sets; nothing else of kube-router runs. It needs
Debian's `ipset`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.host.host import Host
from infra.host.machine import environment, run, search_path
from infra.host.parts import ensure
from tests.support.background import process

MEMORY = 5.0
"""Seconds for which the kernel takes UDP from the same port for the conversation of before."""
SETTINGS = {
    "ipv4/icmp_ratemask": 0,
    "netfilter/nf_conntrack_udp_timeout": MEMORY,
    "netfilter/nf_conntrack_udp_timeout_stream": MEMORY,
}


def settle(host: Host) -> None:
    """Have the node say every refusal of UDP, and soon forget what passed before there were policies."""
    for name, value in SETTINGS.items():
        run(*host.inside(["sh", "-c", f"echo {value:.0f} >/proc/sys/net/{name}"]))


@contextmanager
def enforced(host: Host, log: Path) -> Iterator[None]:
    """Run the engine. It comes into force within seconds; its rules stay until the cluster goes."""
    program = ensure("kube-router", progress=print) / "kube-router"
    if not shutil.which("ipset", path=search_path()):
        run("apt-get", "-qq", "-y", "install", "--no-install-recommends", "ipset")
    argv = [
        str(program),
        f"--kubeconfig={host.kubeconfig}",
        f"--hostname-override={host.node}",
        f"--service-cluster-ip-range={host.service_cidr}",
        "--run-firewall=true",
        "--run-router=false",
        "--run-service-proxy=false",
        "--enable-cni=false",
        "--health-port=0",
    ]
    with process(host.inside(argv), log, environment()):
        yield
