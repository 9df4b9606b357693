"""The CI examples do what they say: every command in them exists with its flags, and the scripts run, here on the simulator."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from clusterctl import parsers
from infra.host.parts import ARGO
from tests.support.cli import EXAMPLES, PROJECT, Cli

CI = EXAMPLES / "ci"
SCRIPTS = sorted((CI / "scripts").glob("*.sh"))
GITHUB = yaml.safe_load((CI / "github" / "hera.yaml").read_text())
GITLAB = yaml.safe_load((CI / "gitlab" / "hera.gitlab-ci.yml").read_text())


def expanded(line: str) -> str:
    """Return a shell line with its variables replaced: by their default where they have one, else by a word."""
    line = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", line)
    line = re.sub(r"\$\{\w+:\+([^}]*)\}", r"\1", line)
    return re.sub(r"\$\{?\w+\}?", "word", line)


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield every clusterctl command of scripts, pipelines and the document, with where it is."""
    for path in (*SCRIPTS, *CI.glob("*/*.y*ml"), PROJECT / "docs" / "running-from-ci.md"):
        for line in path.read_text().splitlines():
            found = re.search(r"(?:^|[($|`]|exec )\s*(clusterctl [^`#|>)]+)", line.strip())
            if found and not line.lstrip().startswith("#"):
                words = shlex.split(expanded(found[1]))
                yield f"{path.name}: {' '.join(words)}", words[1:]


COMMANDS = dict(commands())


def run(script: str, *arguments: str | Path, cwd: Path, home: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    environment = Cli(home).environment(**extra) | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
    }
    words = ["bash", str(CI / "scripts" / script), *map(str, arguments)]
    return subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("where", COMMANDS)
def test_commands_exist_with_their_flags(where: str) -> None:
    assert callable(parsers.parse(COMMANDS[where]).run)


def test_commands_are_found() -> None:
    assert {words[0] for words in COMMANDS.values()} >= {"validate", "plan", "create", "drift"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_sound_shell(script: Path) -> None:
    subprocess.run(["bash", "-n", str(script)], check=True)
    sourced = script.name == "cloud.sh"
    assert sourced or "set -euo pipefail" in script.read_text()
    assert sourced != os.access(script, os.X_OK)


def steps() -> list[tuple[str, dict[str, Any]]]:
    return [(name, step) for name, job in GITHUB["jobs"].items() for step in job["steps"]]


def lines() -> list[str]:
    """Return every line of shell in both pipelines."""
    gitlab = [
        line
        for job in GITLAB.values()
        if isinstance(job, dict)
        for key in ("before_script", "script")
        for line in job.get(key, ())
    ]
    return [line for _, step in steps() for line in step.get("run", "").splitlines()] + gitlab


def test_every_script_of_a_pipeline_is_there() -> None:
    named = {name for line in lines() for name in re.findall(r"ci/([\w.]+)", line)}
    assert named and named <= {path.name for path in SCRIPTS}


def test_actions_are_pinned_by_full_version() -> None:
    assert [step["uses"] for _, step in steps() if "uses" in step and not re.search(r"@v\d+\.\d+\.\d+$", step["uses"])] == []


def test_nothing_typed_by_others_reaches_a_shell_as_text() -> None:
    assert [step["run"] for _, step in steps() if "${{" in step.get("run", "")] == []


def test_there_are_no_static_secrets() -> None:
    for path in CI.rglob("*"):
        if path.is_file():
            assert not re.search(r"secrets\.|ACCESS_KEY|client-secret|CLIENT_SECRET|password", path.read_text(), re.IGNORECASE), (
                path
            )


def test_jobs_have_the_least_rights() -> None:
    assert GITHUB["permissions"] == {}
    rights = {name: job["permissions"] for name, job in GITHUB["jobs"].items()}
    assert {name for name, job in rights.items() if job.get("id-token") == "write"} == {"plan", "apply", "drift"}
    assert {name for name, job in rights.items() if "write" in {v for k, v in job.items() if k != "id-token"}} == {"plan"}


def test_one_run_at_a_time_for_a_cluster_behind_a_protected_environment() -> None:
    apply = GITHUB["jobs"]["apply"]
    assert "${{ matrix.cluster }}" in apply["concurrency"]["group"] and apply["concurrency"]["cancel-in-progress"] is False
    assert GITLAB["apply"]["resource_group"] == "apply-$CLUSTER"
    assert apply["environment"] == GITLAB["apply"]["environment"]["name"] == "clusters"
    bound = yaml.safe_load((CI / "management" / "rolebinding.yaml").read_text())
    assert all(subject["name"].split(":environment:")[1] in ("clusters", "drift") for subject in bound["subjects"])


def test_both_pipelines_use_the_same_versions() -> None:
    assert GITHUB["env"]["HERA_VERSION"] == GITLAB["variables"]["HERA_VERSION"]
    terraform = {step["with"]["terraform_version"] for _, step in steps() if "setup-terraform" in step.get("uses", "")}
    assert terraform == {GITLAB["variables"]["TERRAFORM_VERSION"]}
    assert {step["env"]["ARGO_VERSION"] for _, step in steps() if "ARGO_VERSION" in step.get("env", {})} == {ARGO}
    assert GITLAB["variables"]["ARGO_VERSION"] == ARGO


def test_a_change_is_planned_and_then_made(tmp_path: Path) -> None:
    """What both pipelines run, in their order, with the local engine on the simulator."""
    home, checkout = tmp_path / "home", tmp_path / "checkout"
    (checkout / "clusters").mkdir(parents=True)
    git = ["git", "-c", "user.name=ci", "-c", "user.email=ci@example.com", "-c", "init.defaultBranch=main"]
    (checkout / "clusters" / "README.md").write_text("one file a cluster\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "empty"]):
        subprocess.run([*git, *words], cwd=checkout, check=True)
    base = subprocess.run([*git, "rev-parse", "HEAD"], cwd=checkout, check=True, capture_output=True, text=True).stdout.strip()
    (checkout / "clusters" / "sandbox.yaml").write_text((EXAMPLES / "aws-dev.yaml").read_text())
    for words in (["add", "."], ["commit", "-qm", "a cluster"]):
        subprocess.run([*git, *words], cwd=checkout, check=True)

    changed = run("changed.sh", base, cwd=checkout, home=home)
    assert json.loads(changed.stdout) == [{"spec": "clusters/sandbox.yaml", "cluster": "sandbox", "cloud": "aws"}], changed.stderr
    assert json.loads(run("changed.sh", "HEAD", cwd=checkout, home=home).stdout) == []
    assert json.loads(run("changed.sh", "0" * 40, cwd=checkout, home=home).stdout) == json.loads(changed.stdout)

    planned = run("plan.sh", "clusters/sandbox.yaml", cwd=checkout, home=home, HERA_SIMULATE="1")
    assert planned.returncode == 0, planned.stderr
    assert (checkout / "plans" / "sandbox.html").read_text().lstrip().lower().startswith("<!doctype html")
    assert "### Plan of `sandbox`: changes" in (checkout / "plans" / "sandbox.md").read_text()

    for _ in range(2):
        applied = run("apply.sh", "clusters/sandbox.yaml", cwd=checkout, home=home, HERA_SIMULATE="1", HERA_ENGINE="local")
        assert applied.returncode == 0, applied.stderr
    run("plan.sh", "clusters/sandbox.yaml", cwd=checkout, home=home, HERA_SIMULATE="1")
    assert "nothing to do" in (checkout / "plans" / "sandbox.md").read_text()
    drift = run("drift.sh", "sandbox", cwd=checkout, home=home, HERA_SIMULATE="1", HERA_ENGINE="local")
    assert drift.returncode == 0, drift.stderr


def test_a_bad_spec_stops_the_pipeline(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text((EXAMPLES / "aws-dev.yaml").read_text() + "  nonsense: 1\n")
    planned = run("plan.sh", bad, cwd=tmp_path, home=tmp_path / "home", HERA_SIMULATE="1")
    assert planned.returncode == 65 and "nonsense" in planned.stderr


def jwt(claims: dict[str, Any]) -> str:
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims, {}))


class Issuer(BaseHTTPRequestHandler):
    """Stands for the address at which a GitHub runner gives tokens."""

    def do_GET(self) -> None:  # noqa: N802
        assert self.headers["Authorization"] == "bearer job" and self.path.endswith("&audience=hera")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"value": jwt({"exp": 2_000_000_000, "sub": "github"})}).encode())

    def log_message(self, *_: Any) -> None:
        return None


@pytest.fixture
def issuer() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Issuer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/token?v=1"
    server.shutdown()
    server.server_close()


def test_the_kubeconfig_asks_the_ci_system_for_tokens(issuer: str, tmp_path: Path) -> None:
    """The file has no secret in it, and the command that it names answers as an exec plugin does, on both systems."""
    places = {"HERA_MANAGEMENT_SERVER": "https://management.example.com", "HERA_MANAGEMENT_CA": base64.b64encode(b"ca").decode()}
    done = run("management.sh", cwd=tmp_path, home=tmp_path, **places, KUBECONFIG=str(tmp_path / "kube" / "config"))
    assert done.returncode == 0, done.stderr
    config = yaml.safe_load((tmp_path / "kube" / "config").read_text())
    user = config["users"][0]["user"]
    assert set(user) == {"exec"} and config["clusters"][0]["cluster"]["server"] == places["HERA_MANAGEMENT_SERVER"]
    for environment, subject in (
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": issuer, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job"}, "github"),
        ({"HERA_ID_TOKEN": jwt({"exp": 2_000_000_000, "sub": "gitlab"})}, "gitlab"),
    ):
        words = [sys.executable, *user["exec"]["args"]]
        shown = subprocess.run(words, env={**os.environ, **environment}, capture_output=True, text=True, check=True).stdout
        answer = json.loads(shown)
        assert answer["apiVersion"] == user["exec"]["apiVersion"] and answer["kind"] == "ExecCredential"
        assert answer["status"] == {
            "token": jwt({"exp": 2_000_000_000, "sub": subject}),
            "expirationTimestamp": "2033-05-18T03:33:20Z",
        }


@pytest.mark.parametrize(
    ("cloud", "given", "exported"),
    [
        ("aws", {"AWS_PLAN_ROLE": "arn:aws:iam::1:role/plan"}, ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")),
        (
            "azure",
            {"AZURE_PLAN_CLIENT_ID": "c", "AZURE_TENANT_ID": "t", "AZURE_SUBSCRIPTION_ID": "s"},
            ("AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE", "ARM_OIDC_TOKEN_FILE_PATH"),
        ),
        ("gcp", {"GCP_IDENTITY_PROVIDER": "projects/1/x", "GCP_PLAN_ACCOUNT": "a@b"}, ("GOOGLE_APPLICATION_CREDENTIALS",)),
    ],
)
def test_the_clouds_get_the_jobs_own_token(cloud: str, given: dict[str, str], exported: tuple[str, ...]) -> None:
    words = ["bash", "-euc", f". {CI}/scripts/cloud.sh; printenv {' '.join(exported)}; cat ${exported[-1]}"]
    environment = {"PATH": os.environ["PATH"], "CLOUD": cloud, "CLOUD_ID_TOKEN": "the-token", **given}
    shown = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()
    assert all(shown[: len(exported)])
    if cloud == "gcp":
        credentials = json.loads("".join(shown[len(exported) :]))
        assert Path(credentials["credential_source"]["file"]).read_text() == "the-token"
    else:
        assert shown[-1] == "the-token"
