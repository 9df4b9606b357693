"""Containers as processes: a folder for each, its environment, its lines, its end, and what it left as outputs.

`/hera` in a container is the node's own folder here: `HERA_ROOT` says so to the step, and paths of outputs and artifacts are
looked up below it.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workflows.local.api import Phase
from workflows.local.nodes import Node
from workflows.local.processes import Command, Running, ask_to_stop, group_alive, signal_group
from workflows.local.scope import text
from workflows.local.templates import Template
from workflows.local.warm import Starter

ROOT = "/hera/"
RESULT_LIMIT = 256 * 1024
DEADLINE = "Pod was active on the node longer than the specified deadline"
_NOT_FOUND = 64
_LAST_WORDS = 2.0
"""Seconds from a signal to what an ended command left behind until it is killed, or its output no longer waited for."""


@dataclass(eq=False)
class Pod:
    """A running command."""

    node: Node
    template: Template
    process: Running
    stdout: int
    log: int
    deadline: float | None
    rest: bytes = b""
    result: bytearray = field(default_factory=bytearray)
    open: bool = True
    code: int | None = None
    verdict: str = ""
    """Why it was asked to stop; the node fails with this message."""
    asked: float = 0.0
    """When it was asked to stop."""
    swept: float = 0.0
    """Since when what it left behind is waited for."""
    warned: bool = False
    """Whether what it left behind was asked to stop."""
    left: float = 0.0
    """Since when nothing of its group runs."""


class LocalPods:
    """All running commands of a run."""

    def __init__(
        self,
        starter: Starter,
        environment: Mapping[str, str],
        grace: float,
        line: Callable[[Node, str], None],
        ended: Callable[[Node], None],
    ) -> None:
        self._starter = starter
        self._environment = environment
        self._grace = grace
        self._line = line
        self._ended = ended
        self._pods: list[Pod] = []
        self._selector = selectors.DefaultSelector()

    @property
    def running(self) -> list[Node]:
        """Nodes whose command has not ended."""
        return [pod.node for pod in self._pods]

    def start(self, node: Node, template: Template, files: Mapping[str, Any]) -> None:
        """Start a container's command; a program that is not there fails the node."""
        container = template.get("container") or template["script"]
        _prepare(node.folder, files)
        given = [item for item in container.get("env", []) if "valueFrom" not in item]
        environment = dict(self._environment) | {item["name"]: text(item.get("value", "")) for item in given}
        environment["HERA_ROOT"] = str(node.folder)
        log = os.open(node.folder / "main.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        read, write = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(read, False)
        try:
            command = Command(_arguments(container, node.folder), environment, node.folder, write, log)
            process = self._starter.start(command)
        except OSError as error:
            _fail(node, _NOT_FOUND, f"failed to find name in PATH: {error}")
            os.close(read)
            os.close(log)
            self._ended(node)
            return
        finally:
            os.close(write)
        limit = template.get("activeDeadlineSeconds")
        deadline = time.time() + float(limit) if limit else None
        pod = Pod(node, template, process, read, log, deadline)
        self._selector.register(read, selectors.EVENT_READ, pod)
        self._pods.append(pod)
        node.phase = Phase.RUNNING

    def stop(self, verdict: str, *, exits_too: bool = False) -> None:
        """Ask commands to stop; those of exit handlers only when told so."""
        for pod in self._pods:
            if exits_too or not pod.node.on_exit:
                self._ask(pod, verdict)

    def abandon(self) -> None:
        """Let everything end in order without telling anybody, for use when the engine itself fails."""
        self._line = lambda node, text: None
        self._ended = lambda node: None
        self.stop("the engine failed", exits_too=True)
        while self._pods:
            self.wait(0.1)

    def wait(self, seconds: float, wakeup: int | None = None) -> bool:
        """Wait for news, at most so long; return whether a command has ended."""
        extra = [descriptor for descriptor in (self._starter.fileno(), wakeup) if descriptor is not None]
        for descriptor in extra:
            self._selector.register(descriptor, selectors.EVENT_READ)
        try:
            ready = self._selector.select(seconds)
        finally:
            for descriptor in extra:
                self._selector.unregister(descriptor)
        for key, _ in ready:
            if isinstance(key.data, Pod):
                self._read(key.data)
        self._starter.listen()
        return self._look()

    def _look(self) -> bool:
        """See who has ended, and enforce deadlines and the time of grace."""
        before, now = len(self._pods), time.time()
        for pod in list(self._pods):
            if pod.code is None:
                pod.code = pod.process.poll()
            if pod.code is not None:
                self._sweep(pod, now)
            elif pod.deadline and now >= pod.deadline:
                self._ask(pod, DEADLINE)
            if pod.asked and pod.code is None and now >= pod.asked + self._grace:
                signal_group(pod.process.pid, signal.SIGKILL)
        return len(self._pods) < before

    @staticmethod
    def _ask(pod: Pod, verdict: str) -> None:
        if not pod.asked:
            pod.asked, pod.verdict = time.time(), verdict
            ask_to_stop(pod.process.pid)

    def _sweep(self, pod: Pod, now: float) -> None:
        """Wait for what an ended command left in its group, as a container's end would end it, but with time to finish.

        Nothing is sent at first: a terraform whose step was killed has its signal already, and a second one makes it drop
        its state.
        """
        pid = pod.process.pid
        if group_alive(pid):
            pod.swept = pod.swept or now
            if now >= pod.swept + self._grace + _LAST_WORDS:
                signal_group(pid, signal.SIGKILL)
            elif now >= pod.swept + self._grace and not pod.warned:
                pod.warned = True
                signal_group(pid, signal.SIGTERM)
            return
        self._read(pod)
        pod.left = pod.left or now
        if pod.open and now < pod.left + _LAST_WORDS:
            return
        self._end(pod)

    def _read(self, pod: Pod) -> None:
        while pod.open:
            try:
                data = os.read(pod.stdout, 1 << 16)
            except BlockingIOError:
                return
            if not data:
                pod.open = False
                self._selector.unregister(pod.stdout)
            self._take(pod, data)

    def _take(self, pod: Pod, data: bytes) -> None:
        os.write(pod.log, data)
        pod.result += data
        del pod.result[: -RESULT_LIMIT - 1]
        *lines, pod.rest = (pod.rest + data).split(b"\n")
        if not data and pod.rest:
            lines, pod.rest = [pod.rest], b""
        for line in lines:
            self._line(pod.node, line.decode(errors="replace"))

    def _end(self, pod: Pod) -> None:
        if pod.open:
            self._selector.unregister(pod.stdout)
        os.close(pod.stdout)
        os.close(pod.log)
        self._pods.remove(pod)
        _conclude(pod)
        self._ended(pod.node)

    def close(self) -> None:
        """Let go of what was opened."""
        self._selector.close()


def _arguments(container: Mapping[str, Any], folder: Path) -> list[str]:
    command = [*container["command"], *container.get("args", [])]
    if command[0] == "python":
        command[0] = sys.executable
    if "source" in container:
        script = folder / "script"
        script.write_text(container["source"])
        command.append(str(script))
    return command


def _prepare(folder: Path, files: Mapping[str, Any]) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, mode=0o700)
    for source, place in files.values():
        if not place:
            continue
        target = folder / place.removeprefix(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(source, Path):
            _copy(source, target)
        else:
            target.write_text(source["data"])


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)


def _fail(node: Node, code: int, detail: str = "") -> None:
    node.outputs.exit_code = code
    node.phase, node.finished = Phase.FAILED, time.time()
    node.message = f"main: Error (exit code {code})" + (f": {detail}" if detail else "")


def _conclude(pod: Pod) -> None:
    """Set a node's phase, message and outputs from its command's end."""
    node, code = pod.node, pod.code if pod.code is not None else -1
    code = 128 - code if code < 0 else code
    result = bytes(pod.result[-RESULT_LIMIT:]).decode(errors="replace")
    node.outputs.result = result.removesuffix("\n") if node.keeps_result else None
    problem = _collect(node, pod.template)
    if code or pod.verdict:
        _fail(node, code)
        node.message = pod.verdict or node.message
        return
    node.outputs.exit_code, node.finished = 0, time.time()
    node.phase = Phase.ERROR if problem else Phase.SUCCEEDED
    node.message = f"wait: Error (exit code 1): {problem}" if problem else ""


def _collect(node: Node, template: Template) -> str:
    """Read the outputs; return what is wrong with the first that has to be there and is not."""
    declared = template.get("outputs") or {}
    for item in declared.get("parameters", []):
        source = item.get("valueFrom") or {}
        value = _value(node.folder, source)
        if value is None:
            return f"open {source.get('path')}: no such file or directory"
        node.outputs.parameters[item["name"]] = value.removesuffix("\n")
        if item.get("globalName"):
            node.outputs.published[item["globalName"]] = node.outputs.parameters[item["name"]]
    for item in declared.get("artifacts", []):
        path = node.folder / item["path"].removeprefix(ROOT)
        if path.exists():
            node.outputs.artifacts[item["name"]] = path
        elif not item.get("optional"):
            return f"path not found: {item['path']}"
    return ""


def _value(folder: Path, source: Mapping[str, Any]) -> str | None:
    path: str = source.get("path", "")
    with suppress(OSError):
        return (folder / path.removeprefix(ROOT)).read_text()
    default = source.get("default")
    return None if default is None else text(default)
