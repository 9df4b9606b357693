"""Verbs that only read the ledger: what they show, where they look, what they never show."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from clusterctl.cluster_view import next_step, safe_outputs
from steps.common.ledger import Ledger, Ledgers, Lock, StageRecord, open_store
from steps.common.processes import born

from .conftest import Shell

Make = Callable[..., Ledger]
Keep = Callable[[Ledger], Ledgers]


def test_get_lists_both_worlds(shell: Shell, keep: Keep, make_ledger: Make, tmp_path: Path) -> None:
    keep(make_ledger("toy"))
    real = (tmp_path / "real").as_uri()
    Ledgers(open_store(real)).update("shop", lambda _: make_ledger("shop", simulated=False))
    assert shell("init", real, "-q") == 0
    assert shell("get", "clusters") == 0
    rows = [line.split() for line in shell.out.splitlines()]
    assert rows[0][0] == "NAME"
    assert [(row[0], row[-1]) for row in rows[1:]] == [("shop", "cloud"), ("toy", "simulator")]
    shell("get", "clusters", "--simulate", "-o", "name")
    assert shell.out == "toy\n"
    shell("get", "clusters", "--state", real, "-o", "name")
    assert shell.out == "shop\n"


def test_a_real_cluster_hides_a_simulated_one_of_its_name(shell: Shell, keep: Keep, make_ledger: Make, tmp_path: Path) -> None:
    keep(make_ledger("shop"))
    real = (tmp_path / "real").as_uri()
    Ledgers(open_store(real)).update("shop", lambda _: make_ledger("shop", simulated=False))
    shell("init", real, "-q")
    shell("describe", "cluster", "shop", "-o", "json")
    assert json.loads(shell.out)["simulated"] is False
    shell("describe", "cluster", "shop", "-o", "json", "--simulate")
    assert json.loads(shell.out)["simulated"] is True


def test_describe(shell: Shell, keep: Keep, make_ledger: Make) -> None:
    keep(make_ledger())
    assert shell("describe", "cluster", "shop") == 0
    for words in ("shop  ready (simulated)", "aws eu-west-1 (prod)", "1.34, private endpoint", "general m7i.large 3-9", "lock"):
        assert words in shell.out
    assert shell.out.index("network   applied") < shell.out.index("cluster   applied")
    assert "network.network_id = vpc-1" in shell.out and "clusterctl kubeconfig cluster shop" in shell.out


@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_sensitive_outputs_are_never_shown(shell: Shell, keep: Keep, make_ledger: Make, form: str) -> None:
    keep(make_ledger())
    shell("describe", "cluster", "shop", "-o", form)
    assert "c2VjcmV0" not in shell.out and "(sensitive)" in shell.out


@pytest.mark.parametrize("name", ["ca_certificate", "adminPassword", "access_token", "PRIVATE_KEY", "kubeconfig_raw"])
def test_names_that_hide_values(name: str) -> None:
    assert safe_outputs({name: "x"}) == {name: "(sensitive)"}


def test_key_ids_are_shown() -> None:
    assert safe_outputs({"secrets_key_id": "arn:x"}) == {"secrets_key_id": "arn:x"}


@pytest.mark.parametrize(
    ("phase", "drifted", "command"),
    [
        ("ready", False, "clusterctl kubeconfig cluster shop"),
        ("ready", True, "clusterctl drift cluster shop"),
        ("failed", False, "clusterctl resume cluster shop"),
        ("creating", False, "clusterctl resume cluster shop"),
        ("deleting", False, "clusterctl resume cluster shop"),
        ("awaiting-approval", False, "clusterctl resume cluster shop"),
    ],
)
def test_next_step(make_ledger: Make, phase: str, drifted: bool, command: str) -> None:
    assert next_step(make_ledger(phase=phase, stages={"network": StageRecord("applied", drifted=drifted)})) == command


def test_hostile_ledger_does_not_act(shell: Shell, keep: Keep, make_ledger: Make) -> None:
    bad = "x\x1b[2J\x07\u202e"
    keep(make_ledger(region=bad, environment=bad, stages={"network": StageRecord(bad, error=f"CODE: {bad}", outputs={bad: bad})}))
    shell("get", "clusters")
    first = shell.out
    shell("describe", "cluster", "shop")
    assert not {"\x1b", "\x07", "\u202e"} & set(first + shell.out)


def lock(ledgers: Ledgers, pid: int, birth: str, host: str = "") -> None:
    holder = Lock("create-1", "ada", host or socket.gethostname(), pid, birth, "2026-11-24T10:00:00Z", "create")
    ledgers.acquire("shop", holder, lambda _: False)


def test_unlock_of_a_living_run_is_refused(shell: Shell, keep: Keep, make_ledger: Make) -> None:
    ledgers = keep(make_ledger())
    lock(ledgers, os.getpid(), born(os.getpid()))
    assert shell("unlock", "cluster", "shop") == 75
    assert "ada" in shell.err and str(os.getpid()) in shell.err
    assert ledgers.lock("shop") is not None
    shell("describe", "cluster", "shop")
    assert "create-1 (create) of ada" in shell.out and "wait for run create-1" in shell.out


def test_unlock_of_another_machine_is_refused(shell: Shell, keep: Keep, make_ledger: Make) -> None:
    lock(keep(make_ledger()), 1, "0", host="elsewhere")
    assert shell("unlock", "cluster", "shop") == 75
    assert "elsewhere" in shell.err


def test_unlock_of_a_dead_run(shell: Shell, keep: Keep, make_ledger: Make) -> None:
    ledgers = keep(make_ledger())
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    lock(ledgers, done.pid, "12345")
    assert shell("unlock", "cluster", "shop", "-o", "json") == 0
    assert json.loads(shell.out)["released"]["actor"] == "ada"
    assert ledgers.lock("shop") is None
    assert shell("unlock", "cluster", "shop") == 0
    assert "not locked" in shell.out


def test_kubeconfig_before_there_is_an_endpoint(shell: Shell, keep: Keep, make_ledger: Make) -> None:
    keep(make_ledger(stages={}))
    assert shell("kubeconfig", "cluster", "shop") == 66
    assert "no endpoint yet" in shell.err and shell.out == ""


def test_missing_cluster_says_where_it_looked(shell: Shell) -> None:
    assert shell("describe", "cluster", "nobody") == 66
    assert "no state store and no simulation" in shell.err


def test_a_damaged_ledger_is_named(shell: Shell, keep: Keep, make_ledger: Make, home: Path) -> None:
    keep(make_ledger())
    (path,) = (home / "simulation").rglob("ledger.json")
    path.write_text(path.read_text().replace("eu-west-1", "eu-west-9"))
    assert shell("describe", "cluster", "shop") == 87
    assert "checksum" in shell.err


def test_stored_form_is_the_shown_form(make_ledger: Make) -> None:
    assert set(asdict(make_ledger())) <= set(make_ledger().to_dict())
