"""The outside of a host cluster, for tests: a network of its own that has the addresses of tests/support/reachability.py."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.host.host import Host
from infra.host.machine import run


@dataclass(frozen=True)
class Outside:
    """That network, and the program that speaks in it."""

    name: str
    probe: Path

    def dial(self, lines: list[str]) -> list[str]:
        """Try connections from the outside."""
        argv = [*_inside(self.name), str(self.probe), "dial"]
        done = subprocess.run(argv, input="\n".join(lines), capture_output=True, text=True, check=True)
        return done.stdout.split("\n")[: len(lines)]


@contextmanager
def outside(host: Host, probe: Path, addresses: Mapping[str, str], ports: list[str]) -> Iterator[Outside]:
    """Make it, with something that listens at each of its addresses and ports; the cluster's node is its router."""
    name, node = f"hera-out-{host.number}", ("ip", "-n", host.namespace)
    inside, near, far = ("ip", "-n", name), f"198.18.{host.number}.1", f"198.18.{host.number}.2"
    with ExitStack() as stack:
        run("ip", "netns", "add", name)
        stack.callback(run, "ip", "netns", "delete", name)
        run(*node, "link", "add", "out", "type", "veth", "peer", "name", "eth0", "netns", name)
        run(*node, "address", "add", f"{near}/30", "dev", "out")
        run(*node, "link", "set", "out", "up")
        for device in ("lo", "eth0"):
            run(*inside, "link", "set", device, "up")
        run(*inside, "address", "add", f"{far}/30", "dev", "eth0")
        run(*inside, "route", "add", "default", "via", near)
        for address in addresses.values():
            run(*inside, "address", "add", f"{address}/32", "dev", "lo")
            run(*node, "route", "add", f"{address}/32", "via", far)
        for end, address in addresses.items():
            argv = [*_inside(name), str(probe), "listen", end, address, *ports]
            process = stack.enter_context(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            assert process.stdout and process.stdout.readline() == "listening\n"
        yield Outside(name, probe)


def _inside(name: str) -> list[str]:
    return ["nsenter", f"--net=/run/netns/{name}"]
