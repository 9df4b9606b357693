"""What programs read: every verb's JSON and YAML, exit codes, and that results alone are on stdout."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
import yaml

from tests.support.cli import EXAMPLES, Cli, Done

SPEC = EXAMPLES / "gcp-dev.yaml"
NAME = yaml.safe_load(SPEC.read_text())["metadata"]["name"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A user with one cluster on the simulator."""
    cli = Cli(tmp_path_factory.mktemp("user") / "home")
    cli.run("create", "cluster", "-f", SPEC, "--simulate", "--yes").ok()
    return cli


READS = [
    (("get", "clusters"), "ClusterList", 0),
    (("describe", "cluster", NAME), "ClusterStatus", 0),
    (("drift", "cluster", NAME), "DriftReport", 0),
    (("plan", "cluster", "-f", str(SPEC), "--simulate"), "Plan", 0),
    (("validate", "-f", str(SPEC)), "Validation", 0),
    (("version",), "Version", 0),
    (("unlock", "cluster", NAME), "Unlock", 0),
    (("kubeconfig", "cluster", NAME), "Config", 0),
    (("simulator", "ls"), "SimulatedObjectList", 0),
    (("simulator", "calls"), "CallList", 0),
    (("simulator", "fault", "list"), "FaultList", 0),
    (("simulator", "env"), "SimulatorEnvironment", 0),
    (("describe", "cluster", "nobody"), "Error", 66),
    (("validate", "-f", "no-such-file.yaml"), "Error", 66),
]


@pytest.mark.parametrize(("words", "kind", "code"), READS, ids=[" ".join(map(os.path.basename, words)) for words, _, _ in READS])
def test_every_read_is_data(made: Cli, words: tuple[str, ...], kind: str, code: int) -> None:
    done = made.run(*words, "-o", "json")
    assert done.code == code, done.err
    data = json.loads(done.out)
    assert data["kind"] == kind
    assert data["apiVersion"] == ("v1" if kind == "Config" else "hera.dev/v1alpha1")
    if kind not in ("Plan", "DriftReport"):  # these take seconds, and are written by the same code
        assert yaml.safe_load(made.run(*words, "-o", "yaml").out)["kind"] == kind


def test_simulated_is_said_everywhere(made: Cli) -> None:
    for words in (("get", "clusters"), ("describe", "cluster", NAME)):
        done = made.run(*words)
        assert "simulat" in done.out, words
    items = made.run("get", "clusters", "-o", "json").json()["items"]
    assert all(item["simulated"] for item in items)


def test_nothing_sensitive_is_shown(made: Cli) -> None:
    state = json.loads((made.simulation / "clusters" / NAME / "cluster.tfstate").read_text())
    secrets = [str(output["value"]) for output in state["outputs"].values() if output.get("sensitive")]
    assert secrets
    for words in (("describe", "cluster", NAME, "-o", "json"), ("get", "clusters", "-o", "yaml"), ("describe", "cluster", NAME)):
        assert not [secret for secret in secrets if secret in made.run(*words).out]


def test_second_create_says_that_nothing_changed(made: Cli) -> None:
    done = made.run("create", "cluster", "-f", SPEC, "--simulate", "--yes").ok()
    assert "nothing to change" in done.out
    assert "no changes" in made.run("create", "cluster", "-f", SPEC, "--simulate").ok().err


def test_page_is_written(made: Cli, tmp_path: Path) -> None:
    page = tmp_path / "plan.html"
    made.run("plan", "cluster", "-f", SPEC, "--simulate", "--html", page).ok()
    text = page.read_text()
    assert "No changes" in text and "Simulated" in text


def test_names_for_completion(made: Cli) -> None:
    assert made.run("get", "clusters", "-q", "-o", "name").out == f"{NAME}\n"


def test_kubeconfig_file_is_private(made: Cli, tmp_path: Path) -> None:
    path = tmp_path / "config"
    made.run("kubeconfig", "cluster", NAME, "--out", path).ok()
    assert path.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(path.read_text())["clusters"][0]["cluster"]["certificate-authority-data"]


def test_stdin(made: Cli) -> None:
    assert made.run("validate", "-f", "-", stdin=SPEC.read_text()).code == 0
    bad = made.run("validate", "-f", "-", stdin="kind: Cluster\n")
    assert bad.code == 65 and "<stdin>" in bad.err


def test_home_is_private(made: Cli) -> None:
    assert made.home.stat().st_mode & 0o777 == 0o700


def init(cli: Cli, *words: str) -> Done:
    return cli.run("init", *words)


def test_init_remembers_a_folder(cli: Cli, tmp_path: Path) -> None:
    assert cli.run("plan", "cluster", "-f", SPEC).code == 64
    done = init(cli, (tmp_path / "state").as_uri(), "-o", "json").ok()
    assert done.json()["kind"] == "StateStore" and (tmp_path / "state").is_dir()
    assert cli.run("get", "clusters").ok().out == "no clusters\n"
    assert yaml.safe_load((cli.home / "config.yaml").read_text())["state"] == (tmp_path / "state").as_uri()
    assert init(cli, (tmp_path / "state").as_uri()).code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ftp://x/y",), "accepted"),
        (("not-a-url",), "no state location"),
        (("--cloud", "aws"), "s3://"),
        (("s3://bucket/x", "--cloud", "gcp"), "not of gcp"),
        (("s3://bucket/x",), "--region"),
    ],
    ids=["unknown scheme", "no URL", "no place", "another cloud", "no region"],
)
def test_init_refuses(cli: Cli, words: tuple[str, ...], said: str) -> None:
    done = init(cli, *words)
    assert done.code == 64 and said in done.err
    assert not (cli.home / "config.yaml").exists()


def test_simulator_can_be_disturbed(cli: Cli) -> None:
    cli.run("simulator", "quota", "google_compute_subnetwork", "1").ok()
    done = cli.run("create", "cluster", "-f", SPEC, "--simulate", "--yes")
    assert done.code == 83 and "QUOTA_EXCEEDED" in done.err and "Next:" in done.err
    assert f"clusterctl resume cluster {NAME}" in done.err
    cli.run("simulator", "quota", "google_compute_subnetwork", "none").ok()
    cli.run("resume", "cluster", NAME).ok()
    assert cli.run("simulator", "reset").code == 80
    cli.run("simulator", "reset", "--yes").ok()
    assert re.match("the simulated cloud is empty", cli.run("simulator", "ls").out)
