"""Ports of the loopback address that nobody listens at."""

from __future__ import annotations

import socket
from contextlib import ExitStack


def free_ports(count: int) -> list[int]:
    """Return so many different ones."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(item.getsockname()[1]) for item in sockets]


def free_port() -> int:
    """Return one."""
    return free_ports(1)[0]
