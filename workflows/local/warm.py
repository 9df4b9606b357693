"""The engine's end of the zygote: ask it for a child, hear of the child's end, and do without it when it is gone."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence

from workflows.local.processes import Command, Running, alive, die_with_parent, start
from workflows.local.zygote import MESSAGE

_WORD = re.compile(r"[A-Za-z_][\w.]*")


class WarmChild:
    """A step that the zygote forked."""

    def __init__(self, pid: int, starter: Warm) -> None:
        self.pid = pid
        self._starter = starter

    def poll(self) -> int | None:
        """Return the exit code once the child has ended; when the zygote died first, that of the SIGTERM it caused."""
        code = self._starter.code(self.pid)
        if code is None and self._starter.gone and not alive(self.pid):
            return -15
        return code


class Starter:
    """Starts plain processes; what `Warm` does without a zygote."""

    def start(self, command: Command) -> Running:
        """Start a command."""
        return start(command)

    def fileno(self) -> int | None:
        """Return a descriptor that becomes readable when a child has ended, where there is one."""
        return None

    def listen(self) -> None:
        """Take in what is readable."""

    def close(self) -> None:
        """Stop what helps to start."""


class Warm(Starter):
    """Starts `python -m MODULE …` by a fork of a process that has the modules loaded already."""

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        self._ended: dict[int, int] = {}
        self._base = _startup(environment)
        self.gone = False
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self._socket, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MESSAGE)
        parent, descriptor = os.getpid(), theirs.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "workflows.local.zygote", str(descriptor), *modules],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(descriptor,),
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(parent),
        )
        theirs.close()

    def start(self, command: Command) -> Running:
        """Fork a child for a Python module; start anything else, or without the zygote, as a plain process."""
        if self._suits(command):
            pid = self._ask(command)
            if pid:
                return WarmChild(pid, self)
        return super().start(command)

    def suits(self, environment: Mapping[str, str]) -> bool:
        """Return whether Python would start in the same way with this environment."""
        return _startup(environment) == self._base

    def _suits(self, command: Command) -> bool:
        words = command.arguments
        module = len(words) >= 3 and words[0] == sys.executable and words[1] == "-m" and _WORD.fullmatch(words[2])
        return bool(module) and not self.gone and self.suits(command.environment)

    def _ask(self, command: Command) -> int | None:
        request = {
            "module": command.arguments[2],
            "arguments": list(command.arguments[3:]),
            "environment": dict(command.environment),
            "folder": str(command.folder),
        }
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode()], [command.stdout, command.stderr])
        except OSError:
            self._check_gone()
            return None
        while not self.gone:
            answer = self._receive()
            if "started" in answer:
                self._ended.pop(answer["started"], None)
                return answer["started"]
        return None

    def _check_gone(self) -> None:
        self.gone = self.gone or self._process.poll() is not None

    def _receive(self) -> dict[str, int]:
        data = b""
        with contextlib.suppress(OSError):
            data = self._socket.recv(MESSAGE)
        if not data:
            self.gone = True
            return {}
        answer: dict[str, int] = json.loads(data)
        if "ended" in answer:
            self._ended[answer["ended"]] = answer["code"]
        return answer

    def code(self, pid: int) -> int | None:
        """Return a child's exit code, once it is known."""
        return self._ended.get(pid)

    def fileno(self) -> int | None:
        """Return the socket while somebody is at its other end."""
        return None if self.gone else self._socket.fileno()

    def listen(self) -> None:
        """Take in the news of ended children."""
        while not self.gone and select.select([self._socket], [], [], 0)[0]:
            self._receive()

    def close(self) -> None:
        """End the zygote; it goes when its socket closes."""
        self._socket.close()
        self.gone = True
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _startup(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what of an environment changes how Python starts; such a step can't be forked from another."""
    return {key: value for key, value in environment.items() if key.startswith(("PYTHON", "LD_", "LC_", "LANG", "MALLOC_"))}
