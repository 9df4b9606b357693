"""How the engine starts, stops and reports."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from workflows.local.engine import Phase, Result, run

from .conftest import Watcher, dag, document, shell

Run = Callable[..., Result]


def wait_for(condition: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_the_engine_needs_no_sdk() -> None:
    code = (
        "import sys, workflows.local.engine, workflows.catalogue; sys.exit(any(n.split('.')[0] == 'hera' for n in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_step_gets_the_base_environment_its_own_and_its_folder(runs: Run, watcher: Watcher) -> None:
    body = shell("main", "env | sort; pwd")
    body["container"]["env"] = [{"name": "OWN", "value": "{{workflow.name}}"}, {"name": "HERA_ROOT", "value": "/hera"}]
    result = runs(document(body), environment={"PATH": os.environ["PATH"], "BASE": "b"})
    lines = [text for _, text in watcher.lines]
    folder = result.nodes[0].folder
    assert {"BASE=b", "OWN=r", f"HERA_ROOT={folder}", f"HERA_HOLDER_PID={os.getpid()}", str(folder)} <= set(lines)
    assert not any(line.startswith("HOME=") for line in lines)
    assert (folder / "main.log").read_text().splitlines() == lines


def test_events_tell_the_story(runs: Run, watcher: Watcher) -> None:
    runs(document(dag({"name": "a", "template": "t"}), shell("t", "echo one; printf two; echo err >&2")))
    assert [(e.node, str(e.phase)) for e in watcher.events] == [("a", "Running"), ("a", "Succeeded")]
    assert watcher.lines == [("a", "one"), ("a", "two")]
    assert "err" in (watcher.events[0].folder / "main.log").read_text()


def test_a_program_that_is_not_there_fails_the_step(runs: Run) -> None:
    body = {"name": "main", "container": {"image": "x", "command": ["no-such-program"]}}
    node = runs(document(body)).nodes[0]
    assert (node.phase, node.exit_code) == (Phase.FAILED, 64) and "no-such-program" in node.message


def test_a_reference_that_never_has_a_value_ends_as_an_error(runs: Run) -> None:
    value = [{"name": "x", "value": "{{tasks.a.outputs.parameters.x}}"}]
    tasks = ({"name": "a", "template": "t", "when": "1 == 2"}, {"name": "b", "template": "t", "dependencies": ["a"]})
    result = runs(document(dag(tasks[0], {**tasks[1], "arguments": {"parameters": value}}), shell("t", "true")))
    assert result.phase is Phase.ERROR and "failed to resolve {{tasks.a.outputs.parameters.x}}" in result.message


def test_a_wrong_answer_is_an_error_of_the_node(runs: Run, watcher: Watcher) -> None:
    outputs = {"parameters": [{"name": "answer", "valueFrom": {"supplied": {}}}]}
    asks = document(dag({"name": "ask", "template": "ask"}), {"name": "ask", "suspend": {}, "outputs": outputs})
    watcher.answers = {"ask": {"other": "x"}}
    assert runs(asks).nodes[0].message == "node is not expecting output parameter 'other'"
    watcher.answers = {"ask": {}}
    assert "does not have a default" in runs(asks, name="s").nodes[0].message


def test_other_branches_go_on_while_nobody_answers(runs: Run, watcher: Watcher) -> None:
    outputs = {"parameters": [{"name": "answer", "valueFrom": {"supplied": {}}}]}
    tasks = [{"name": "ask", "template": "ask"}, {"name": "a", "template": "t"}, {"name": "b", "template": "t", "depends": "a"}]
    result = runs(document(dag(*tasks), {"name": "ask", "suspend": {}, "outputs": outputs}, shell("t", "sleep 0.1")))
    assert result.phase is Phase.SUSPENDED
    assert {node.node: str(node.phase) for node in result.nodes} == {"ask": "Suspended", "a": "Succeeded", "b": "Succeeded"}
    assert len(watcher.asked) == 1


def test_runs_outside_the_main_thread(runs: Run) -> None:
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(runs(document(shell("main", "echo x")))))
    thread.start()
    thread.join(30)
    assert results[0].phase is Phase.SUCCEEDED


SLOW = """
trap 'echo asked; sleep 0.4; echo finished; exit 82' TERM
echo started; while :; do sleep 0.05; done
"""


def stopping(runs: Run, watcher: Watcher, *signals: signal.Signals) -> Result:
    """Run a step that takes its time to stop, and send signals once it has started and been asked."""

    def send() -> None:
        for number, said in zip(signals, ("started", "asked"), strict=False):
            wait_for(lambda said=said: ("a", said) in watcher.lines)
            os.kill(os.getpid(), number)

    thread = threading.Thread(target=send)
    thread.start()
    tasks = dag({"name": "a", "template": "slow"}, {"name": "b", "template": "bye", "dependencies": ["a"]})
    result = runs(document(tasks, shell("slow", SLOW), shell("bye", "echo {{workflow.status}}"), onExit="bye"))
    thread.join()
    return result


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_handed_on_and_waited_for(number: signal.Signals, runs: Run, watcher: Watcher) -> None:
    before = signal.getsignal(number)
    result = stopping(runs, watcher, number)
    assert ("a", "finished") in watcher.lines
    assert (result.phase, result.message) == (Phase.FAILED, "Stopped with strategy 'Stop'")
    node = result.node("a")
    assert node and (node.exit_code, node.message) == (82, "workflow shutdown with strategy: Stop")
    assert ("r.onExit", "Failed") in watcher.lines
    assert signal.getsignal(number) is before


def test_a_second_interrupt_says_what_it_waits_for(runs: Run, watcher: Watcher) -> None:
    stopping(runs, watcher, signal.SIGINT, signal.SIGINT)
    said = [text for _, text in watcher.lines if text.startswith("stopping")]
    assert len(said) == 2 and "still waiting for a" in said[1]
    assert ("a", "finished") in watcher.lines


def test_an_interrupt_at_a_question_stops_the_run(tmp_path: Path) -> None:
    class Interrupted(Watcher):
        def approve(self, node: str, template: str, parameters: Mapping[str, str]) -> Mapping[str, str] | None:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(30)
            raise AssertionError("not interrupted")

    outputs = {"parameters": [{"name": "answer", "valueFrom": {"supplied": {}}}]}
    tasks = dag({"name": "ask", "template": "ask"})
    data = document(tasks, {"name": "ask", "suspend": {}, "outputs": outputs}, shell("bye", "echo bye"), onExit="bye")
    someone, file = Interrupted(), tmp_path / "w.yaml"
    file.write_text(yaml.safe_dump(data))
    result = run(str(file), {}, root=tmp_path, observer=someone, approver=someone, name="i")
    assert result.phase is Phase.FAILED and ("i.onExit", "bye") in someone.lines


def test_what_a_step_leaves_behind_is_waited_for_without_a_signal(runs: Run, watcher: Watcher) -> None:
    leave = "(trap 'echo asked' TERM; sleep 0.5; echo finished) & true"
    tasks = dag({"name": "a", "template": "leave"}, {"name": "b", "template": "t", "dependencies": ["a"]})
    assert runs(document(tasks, shell("leave", leave), shell("t", "echo next"))).phase is Phase.SUCCEEDED
    assert watcher.lines == [("a", "finished"), ("b", "next")]


def test_what_a_step_leaves_behind_is_ended_after_the_grace(runs: Run, watcher: Watcher) -> None:
    leave = "(trap 'echo swept; exit' TERM; while :; do sleep 0.05; done) & echo $!; sleep 0.2"
    tasks = dag({"name": "a", "template": "leave"}, {"name": "b", "template": "t", "dependencies": ["a"]})
    result = runs(document(tasks, shell("leave", leave), shell("t", "true")), grace=0.5)
    assert result.phase is Phase.SUCCEEDED
    assert ("a", "swept") in watcher.lines
    assert not alive(int(watcher.lines[0][1]))


def test_a_step_that_does_not_stop_is_killed_after_the_grace(runs: Run, watcher: Watcher) -> None:
    deaf = shell("main", "trap '' TERM; echo $$; while :; do sleep 0.05; done", activeDeadlineSeconds=1)
    started = time.monotonic()
    result = runs(document(deaf), grace=1.0)
    assert result.phase is Phase.FAILED and 1.5 < time.monotonic() - started < 15
    assert not alive(int(watcher.lines[0][1]))


def test_a_failing_observer_does_not_kill_a_step(tmp_path: Path) -> None:
    class Broken(Watcher):
        def line(self, node: str, text: str) -> None:
            raise BrokenPipeError

    file, someone, done = tmp_path / "w.yaml", Broken(), tmp_path / "done"
    file.write_text(yaml.safe_dump(document(shell("main", SLOW.replace("echo finished", f"touch {done}")))))
    with pytest.raises(BrokenPipeError):
        run(str(file), {}, root=tmp_path, observer=someone, approver=someone)
    assert done.exists()


DRIVER = """
import sys, pathlib
from workflows.local.engine import run
class Quiet:
    def node(self, event): pass
    def line(self, node, text): print(text, flush=True)
    def approve(self, *a): pass
run(sys.argv[1], {}, root=pathlib.Path(sys.argv[2]), observer=Quiet(), approver=Quiet(), warm=sys.argv[3:])
"""


@pytest.mark.parametrize("warm", [(), ("json",)], ids=["plain", "warm"])
def test_a_step_hears_of_the_engine_s_death(warm: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "slowstep.py").write_text(
        textwrap.dedent("""
        import os, pathlib, signal, sys, time
        def stop(*_):
            pathlib.Path(sys.argv[1]).write_text("asked"); sys.exit(82)
        signal.signal(signal.SIGTERM, stop)
        print(os.getpid(), flush=True)
        while True: time.sleep(0.05)
        """)
    )
    heard = tmp_path / "heard"
    body = {"name": "main", "container": {"image": "x", "command": ["python", "-m", "slowstep", str(heard)]}}
    (tmp_path / "w.yaml").write_text(yaml.safe_dump(document(body)))
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[3]}"}
    engine = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(tmp_path / "w.yaml"), str(tmp_path), *warm],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert engine.stdout
    step = int(engine.stdout.readline())
    engine.kill()
    engine.wait()
    wait_for(lambda: heard.exists() and not alive(step))
    assert heard.read_text() == "asked"
    engine.stdout.close()
