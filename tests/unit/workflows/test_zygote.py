"""A step that is forked from the zygote is what a process of its own would be."""

import json
import os
import signal
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflows.local import engine
from workflows.local.engine import Phase, Result
from workflows.local.warm import Warm

from .conftest import Watcher, dag, document

Run = Callable[..., Result]

PROBE = """
import atexit, json, os, signal, sys, threading
what = sys.argv[1]
atexit.register(lambda: print("at exit"))
if what == "state":
    print(json.dumps({
        "argv": sys.argv[1:], "file": os.path.basename(sys.argv[0]), "name": __name__, "path": sys.path[0], "cwd": os.getcwd(),
        "environment": dict(sorted(os.environ.items())), "leader": os.getsid(0) == os.getpid() == os.getpgid(0),
        "stdin": os.read(0, 1).decode(), "umask": os.umask(0o22), "threads": threading.active_count(),
        "signals": [str(signal.getsignal(n)) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE)],
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), "files": sorted(os.listdir("/proc/self/fd"))[:3],
        "main": sys.modules["__main__"].__spec__.name, "tty": sys.stdout.isatty(),
    }))
if what == "code": sys.exit(81)
if what == "message": sys.exit("a message")
if what == "error": raise ValueError("an error")
if what == "abrupt": print("lost"); os._exit(7)
if what == "killed": sys.stdout.flush(); os.kill(os.getpid(), signal.SIGKILL)
if what == "thread": threading.Thread(target=lambda: print("thread")).start()
if what == "pool": from concurrent.futures import ThreadPoolExecutor; ThreadPoolExecutor(2).submit(print, "pooled")
if what == "interrupt": os.kill(os.getpid(), signal.SIGINT)
if what == "big": sys.exit(300)
if what == "exit-in-thread": threading.Thread(target=lambda: sys.exit(9)).start()
if what == "streams": print("out"); print("err", file=sys.stderr)
if what == "many": sys.stdout.write("".join(f"line {n}\\n" for n in range(20000)))
"""
CASES = (
    "state",
    "code",
    "message",
    "error",
    "abrupt",
    "killed",
    "thread",
    "pool",
    "interrupt",
    "big",
    "exit-in-thread",
    "streams",
    "many",
    "nothing",
)


@pytest.fixture
def probe(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which the probe can be imported."""
    (tmp_path / "probe.py").write_text(textwrap.dedent(PROBE))
    return {"PATH": os.environ["PATH"], "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[3]}", "TERM": "x"}


def module(*arguments: str) -> dict[str, Any]:
    return {"name": "main", "container": {"image": "x", "command": ["python", "-m", "probe", *arguments]}}


def outcome(result: Result, watcher: Watcher) -> tuple[Any, ...]:
    node = result.nodes[0]
    lines = [text.replace(result.name, "RUN") for _, text in watcher.lines]
    log = (node.folder / "main.log").read_text()
    stable = [line for line in log.splitlines() if not line.startswith(("  File", "    ", "  ^"))]
    return node.phase, node.exit_code, node.message, lines, sorted(line.replace(result.name, "RUN") for line in stable)


@pytest.mark.parametrize("what", CASES)
def test_a_forked_step_does_as_a_process(what: str, runs: Run, watcher: Watcher, probe: dict[str, str]) -> None:
    outcomes = []
    for name, warm in (("plain-run", ()), ("warm-run", ("json", "probe_that_is_not_there"))):
        watcher.lines.clear()
        result = runs(document(module(what, "x y")), environment=probe, warm=warm, name=name)
        outcomes.append(outcome(result, watcher))
    plain, warmed = outcomes
    if what == "state":
        one, two = json.loads(plain[3][0]), json.loads(warmed[3][0])
        assert two == one
    else:
        assert warmed == plain


def test_a_module_that_is_not_there_fails_alike(runs: Run, watcher: Watcher, probe: dict[str, str]) -> None:
    body = {"name": "main", "container": {"image": "x", "command": ["python", "-m", "no.such.module"]}}
    codes = [runs(document(body), environment=probe, warm=warm, name=str(warm)).nodes[0].exit_code for warm in ((), ("json",))]
    assert codes == [1, 1]


def test_the_step_is_a_child_of_the_zygote_and_one_with_another_python_is_not(
    runs: Run, watcher: Watcher, probe: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "probe.py").write_text("import os; print(os.getppid() == int(os.environ['HERA_HOLDER_PID']))")
    other = module()
    other["container"]["env"] = [{"name": "PYTHONHASHSEED", "value": "1"}]
    tasks = dag({"name": "a", "template": "warm"}, {"name": "b", "template": "other", "dependencies": ["a"]})
    runs(document(tasks, {**module(), "name": "warm"}, {**other, "name": "other"}), environment=probe, warm=("json",))
    assert watcher.lines == [("a", "False"), ("b", "True")]


def test_steps_start_as_processes_when_the_zygote_is_gone(
    runs: Run, watcher: Watcher, probe: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "probe.py").write_text(
        "import os, signal, time\n"
        "if os.getppid() != int(os.environ['HERA_HOLDER_PID']) and os.path.exists('/proc/self'):\n"
        "    os.kill(os.getppid(), signal.SIGKILL); time.sleep(30)\n"
        "print('plain')"
    )
    tasks = dag({"name": "a", "template": "main"}, {"name": "b", "template": "main", "depends": "a.Failed"})
    result = runs(document({**tasks, "name": "all"}, module()), environment=probe, warm=("json",))
    a, b = result.node("a"), result.node("b")
    assert a and (a.phase, a.exit_code) == (Phase.FAILED, 128 + signal.SIGTERM)
    assert b and b.phase is Phase.SUCCEEDED and watcher.lines == [("b", "plain")]


def test_a_stop_reaches_a_forked_step(runs: Run, watcher: Watcher, probe: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text("import time\nprint('up', flush=True)\ntime.sleep(30)")
    body = module() | {"activeDeadlineSeconds": 2}
    started = time.monotonic()
    node = runs(document(body), environment=probe, warm=("json",)).nodes[0]
    assert (node.phase, node.exit_code) == (Phase.FAILED, 128 + signal.SIGTERM) and time.monotonic() - started < 15


def test_a_prepared_zygote_serves_several_runs(
    runs: Run, watcher: Watcher, probe: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_prepared", None)
    engine.prepare(("json",), probe)
    prepared = engine._prepared
    assert isinstance(prepared, Warm)
    try:
        for name in ("one", "two"):
            assert runs(document(module("nothing")), environment=probe, name=name).phase is Phase.SUCCEEDED
        assert not prepared.gone
    finally:
        prepared.close()
