"""Runs terraform: the only module that knows its command line, its events and its manners.

python-terraform builds the command and starts the process; terraform's JSON events go to a journal file (so a killed step
loses none) that is followed while it runs. SIGTERM to us is passed on once and waited for; when we die without a word, the
kernel passes it on (`setpriv --pdeathsig`), so terraform always gets to write its state.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from python_terraform import IsFlagged
from python_terraform import Terraform as PythonTerraform

from infra import tracing
from infra.errors import DependencyMissing, HeraError, Interrupted
from steps.common import events
from steps.common.processes import born

Event = dict[str, Any]
PARALLELISM = 30
"""Concurrent operations; terraform's default of 10 makes a wide network wait for itself."""
_POLL = 0.005
_PIDFILE = "terraform.pid"


class _Command(PythonTerraform):  # type: ignore[misc]
    """python-terraform 0.10.1 with its `synchronous` option kept out of the command line, and a parent-death signal."""

    def generate_cmd_string(self, cmd: str, *args: str, **kwargs: Any) -> list[str]:
        kwargs.pop("synchronous", None)
        command = cast("list[str]", super().generate_cmd_string(cmd, *args, **kwargs))
        guard = shutil.which("setpriv")
        return [guard, "--pdeathsig", "TERM", *command] if guard else command

    def read_state_file(self, file_path: str | None = None) -> None:
        """Do nothing: states are read from their backend, never from the working folder."""


@dataclass
class Outcome:
    """What a terraform command said and did."""

    code: int
    seconds: float
    diagnostics: list[Event] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    text: str = ""

    def error_text(self) -> str:
        """Return every error that terraform reported, or what it printed."""
        errors = [d for d in self.diagnostics if d.get("severity") == "error"]
        parts = [f"{d.get('summary', '')}\n{d.get('detail', '')}\n{d.get('address', '')}".strip() for d in errors]
        return "\n\n".join(parts) or self.text


class Terraform:
    """terraform in one working folder.

    Args:
        folder: Working folder, holding `main.tf.json`.
        environment: Variables beyond ours.
        classify: Turns terraform's error text into an error of the tree.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], classify: Callable[[str], HeraError]) -> None:
        binary = shutil.which("terraform")
        if binary is None:
            raise DependencyMissing("terraform is not installed", next_step="install terraform 1.11 or later and put it on PATH")
        self.folder = folder
        self.keep: Callable[[Path, bool], None] | None = None
        """Takes the journal of an apply while it is written, and once more (True) when it is whole."""
        self._classify = classify
        os.environ.update({"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", **environment})
        self._command = _Command(working_dir=str(folder), terraform_bin_path=binary)

    def init(self) -> None:
        """Run init unless it was already run for this very root, provider set and backend."""
        marker, stamp = self.folder / ".terraform" / "hera-init", self._stamp()
        if marker.is_file() and marker.read_text() == stamp:
            return
        outcome = self._run("init", no_color=IsFlagged, reconfigure=IsFlagged)
        if outcome.code:
            raise self._classify(outcome.text)
        marker.write_text(self._stamp())

    def plan(self, file: str, *, destroy: bool = False, targets: Sequence[str] = (), lock: bool = True) -> bool:
        """Write a plan file; return whether it holds changes."""
        flags: dict[str, Any] = {
            "destroy": IsFlagged if destroy else None,
            "target": list(targets),
            "lock": None if lock else False,
        }
        outcome = self._run_json("plan", detailed_exitcode=IsFlagged, out=file, parallelism=PARALLELISM, **flags)
        if outcome.code not in (0, 2):
            raise self._failure(outcome)
        return outcome.code == 2

    def apply(self, file: str) -> Outcome:
        """Apply a plan file; raises the classified error. `outputs` holds what is not sensitive."""
        outcome = self._run_json("apply", file, journal=_journal_of(file), parallelism=PARALLELISM)
        if outcome.code:
            raise self._failure(outcome)
        return outcome

    def show(self, file: str) -> dict[str, Any]:
        """Return a plan file as terraform's JSON."""
        return cast("dict[str, Any]", json.loads(self._text("show", file, json=IsFlagged)))

    def outputs(self) -> dict[str, Any]:
        """Return the state's outputs that are not sensitive."""
        return _plain_outputs(json.loads(self._text("output", json=IsFlagged)))

    def state(self) -> dict[str, Any]:
        """Return the whole state, or an empty mapping when there is none."""
        text = self._text("state pull")
        return cast("dict[str, Any]", json.loads(text)) if text.strip() else {}

    def push(self, file: Path) -> None:
        """Put a state file in the backend; terraform refuses an older one or another lineage."""
        self._text("state push", str(file))

    def untaint(self, address: str) -> None:
        """Take back the mark that an object has to be replaced."""
        self._text("untaint", address)

    def unlock(self, identifier: str) -> None:
        """Remove a state lock whose holder is known to be dead."""
        self._text("force-unlock", identifier, force=IsFlagged)

    def wait_for_predecessor(self, seconds: float = 600) -> None:
        """Wait until a terraform that outlived its step in this folder is done; raises `Interrupted` past the limit."""
        pidfile = self.folder / _PIDFILE
        if not pidfile.is_file():
            return
        pid, birth = pidfile.read_text().split()
        until = time.monotonic() + seconds
        if born(int(pid)) == birth:
            events.note(f"terraform of an earlier step still works here (pid {pid}); waiting for it to finish")
        while born(int(pid)) == birth:
            if time.monotonic() > until:
                raise Interrupted(f"terraform with pid {pid} still works in {self.folder}", next_step="stop it, then resume")
            time.sleep(0.1)
        pidfile.unlink(missing_ok=True)

    def _stamp(self) -> str:
        """Return what init depends on; the lock file covers the providers' content."""
        root = json.loads((self.folder / "main.tf.json").read_text())
        sources = {name: module["source"] for name, module in root.get("module", {}).items()}
        lock = self.folder / ".terraform.lock.hcl"
        return json.dumps(
            [root["terraform"], sources, lock.read_text() if lock.is_file() else "", os.environ.get("TF_CLI_CONFIG_FILE")]
        )

    def _text(self, command: str, *args: str, **options: Any) -> str:
        outcome = self._run(command, *args, **options)
        if outcome.code:
            raise self._classify(outcome.text)
        return outcome.text

    def _failure(self, outcome: Outcome) -> HeraError:
        if _interrupted:
            return Interrupted("stopped on request; terraform finished its calls and wrote its state")
        return self._classify(outcome.error_text())

    def _run(self, command: str, *args: str, **options: Any) -> Outcome:
        started = time.monotonic()
        process = self._command.cmd(command, *args, synchronous=False, **options)[0]
        with _forwarding(process):
            out, err = (stream.decode(errors="replace") for stream in process.communicate())
        return self._timed(
            command, Outcome(process.returncode, time.monotonic() - started, text=out if not process.returncode else err or out)
        )

    def _run_json(self, command: str, *args: str, journal: str = "plan.journal", **options: Any) -> Outcome:
        """Run a command whose events are followed while it works, from the journal that terraform writes them to."""
        started, path = time.monotonic(), self.folder / journal
        with path.open("w") as out, contextlib.redirect_stdout(out):
            process = self._command.cmd(command, *args, capture_output=False, synchronous=False, json=IsFlagged, **options)[0]
        (self.folder / _PIDFILE).write_text(f"{process.pid} {born(process.pid)}")
        outcome = Outcome(0, 0.0)
        keep = self.keep if journal == APPLY_JOURNAL else None
        if journal == APPLY_JOURNAL:
            (self.folder / PART).unlink(missing_ok=True)
        with _forwarding(process):
            for line in _follow(path, process):
                _handle(line, outcome)
                if keep is not None:
                    keep(path, False)
            if keep is not None:
                keep(path, True)
        outcome.code, outcome.seconds = process.wait(), time.monotonic() - started
        (self.folder / _PIDFILE).unlink(missing_ok=True)
        return self._timed(command, outcome)

    @staticmethod
    def _timed(command: str, outcome: Outcome) -> Outcome:
        events.emit("terraform", command=command, seconds=round(outcome.seconds, 3))
        tracing.record(f"terraform {command}", outcome.seconds, exit_code=outcome.code)
        return outcome


_interrupted: list[int] = []
"""Signals that asked this process to stop; terraform's failure afterwards is no failure of its own."""


@contextlib.contextmanager
def _forwarding(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Pass the first SIGTERM or SIGINT on to terraform, which then finishes its calls; more of them change nothing."""

    def forward(number: int, _frame: object) -> None:
        first = not _interrupted
        _interrupted.append(number)
        if first and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            events.note("asked terraform to stop; waiting until its calls in flight are done and its state is written")

    previous = {number: signal.signal(number, forward) for number in (signal.SIGTERM, signal.SIGINT)}
    if _interrupted:
        process.send_signal(signal.SIGTERM)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _follow(journal: Path, process: subprocess.Popen[bytes]) -> Iterator[str]:
    """Yield a journal's lines until its writer is gone and everything is read."""
    with journal.open() as stream:
        rest = ""
        while True:
            done = process.poll() is not None
            chunk = stream.read()
            rest += chunk
            *lines, rest = rest.split("\n")
            yield from lines
            if done and not chunk:
                if rest:
                    yield rest
                return
            if not chunk:
                time.sleep(_POLL)


def _handle(line: str, outcome: Outcome) -> None:
    """Take in one line of terraform's JSON output and say what a reader wants to know."""
    try:
        message = json.loads(line)
    except ValueError:
        outcome.text += line + "\n"
        return
    kind = message.get("type")
    if kind == "diagnostic":
        outcome.diagnostics.append(message["diagnostic"])
        if message["diagnostic"].get("severity") == "warning" and message["diagnostic"]["summary"] not in _OUR_OWN_DOING:
            events.warning(_warning(message["diagnostic"]))
    elif kind == "outputs":
        outcome.outputs = _plain_outputs(message["outputs"])
    elif kind in _RESOURCE_STATES:
        hook = message["hook"]
        events.emit(
            "resource",
            address=hook["resource"]["addr"],
            action=hook.get("action", "read"),
            state=_RESOURCE_STATES[kind],
            elapsed=hook.get("elapsed_seconds", 0),
        )
    elif kind == "change_summary" and message["changes"]["operation"] == "plan":
        changes = message["changes"]
        events.emit("progress", done=0, total=changes["add"] + changes["change"] + changes["remove"])


_OUR_OWN_DOING = ("Resource targeting is in effect", "Applied changes may be incomplete")
"""terraform's warnings about `-target`, which a repair uses on purpose and a whole plan follows."""


def _warning(diagnostic: Mapping[str, Any]) -> str:
    """Return a warning in one line; of a failed `check` block only its own words."""
    summary, detail = diagnostic.get("summary", ""), " ".join(str(diagnostic.get("detail", "")).split())
    return detail if summary == "Check block assertion failed" else f"{summary}: {detail}" if detail else str(summary)


_RESOURCE_STATES = {
    "apply_start": "start",
    "apply_progress": "progress",
    "apply_complete": "done",
    "apply_errored": "failed",
}


def _plain_outputs(outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item["value"] for name, item in outputs.items() if not item.get("sensitive") and "value" in item}


APPLY_JOURNAL, PART = "apply.journal", "apply.journal.part"
"""What an apply said, and the mark of a journal that is not whole, since it was brought back from before its writer's end."""
ADOPTION, CLEARING = "adopt.tfplan", "clear.tfplan"
"""Plans of a repair; their journals are their own, so that the dead apply's one is kept until the next apply."""
_CANCELLED = re.compile(r"(context|request|operation( was)?) cancell?ed", re.IGNORECASE)
"""What Go programs, and so the providers, say of a call that was given up because terraform was told to stop."""


def _journal_of(file: str) -> str:
    return f"{Path(file).stem}.journal" if file in (ADOPTION, CLEARING) else APPLY_JOURNAL


def _journal(folder: Path) -> Iterator[Event]:
    """Yield what the last apply in a folder said; its last line may have been cut short."""
    journal = folder / APPLY_JOURNAL
    for line in journal.read_text(errors="replace").splitlines() if journal.is_file() else ():
        with contextlib.suppress(ValueError):
            yield json.loads(line)


def has_journal(folder: Path) -> bool:
    """Tell whether it is known what the last apply in a folder did, all of it."""
    return (folder / APPLY_JOURNAL).is_file() and not (folder / PART).is_file()


def started_addresses(folder: Path) -> set[str]:
    """Return what the last apply in a folder began to create or replace."""
    starts = (message["hook"] for message in _journal(folder) if message.get("type") == "apply_start")
    return {str(hook["resource"]["addr"]) for hook in starts if hook.get("action") == "create"}


def interrupted_addresses(folder: Path) -> set[str]:
    """Return what the last apply in a folder was making when it was told to stop: nothing is wrong with these."""
    said = (message["diagnostic"] for message in _journal(folder) if message.get("type") == "diagnostic")
    return {str(d["address"]) for d in said if d.get("address") and _CANCELLED.search(f"{d.get('summary')} {d.get('detail')}")}


def on_stop() -> None:
    """Make a SIGTERM between two terraform commands end the step in order instead of at once."""

    def remember(number: int, _frame: object) -> None:
        _interrupted.append(number)
        raise Interrupted("stopped on request between two actions")

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, remember)


sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
