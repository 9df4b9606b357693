"""A real Prometheus, for what it says of rules and queries."""

from __future__ import annotations

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.host.parts import ensure
from tests.support.background import process
from tests.support.cli import PROJECT
from tests.support.ports import free_port
from tests.support.waiting import until

COMPONENT = PROJECT / "k8s" / "components" / "observability"
RULES = COMPONENT / "rules"


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ensure("prometheus", progress=print) / "promtool", *words], capture_output=True, text=True, timeout=120
    )


def rules(kind: str) -> list[dict[str, str | Any]]:
    """Return all rules that have a field `alert` or `record`."""
    files = sorted(RULES.glob("*.yml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"] if kind in rule]


@dataclass(frozen=True)
class Prometheus:
    """A running one."""

    url: str

    def ask(self, path: str, **query: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=30) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def selectors(self, expression: str) -> list[str]:
        """Return what a query selects, as PromQL that selects only that, without the matchers of labels."""
        return sorted(set(_selectors(self.ask("parse_query", query=expression))))


def _selectors(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for child in node:
            yield from _selectors(child)
    if not isinstance(node, dict):
        return
    if node.get("type") in ("vectorSelector", "matrixSelector"):
        named = [f'{item["name"]}{item["type"]}"{item["value"]}"' for item in node["matchers"] if item["name"] == "__name__"]
        yield "{" + ",".join(named) + "}"
        return
    for child in node.values():
        yield from _selectors(child)


@contextmanager
def running(folder: Path, target: int) -> Iterator[Prometheus]:
    """Start one with our rules that reads one target each second."""
    port = free_port()
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{free_port()}"]}]}]},  # nobody is there
        "rule_files": [str(RULES / "*.yml")],
        "scrape_configs": [
            {"job_name": "figures", "static_configs": [{"targets": [f"127.0.0.1:{target}"], "labels": {"pod": "one"}}]},
            {"job_name": "prometheus", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]},
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    server = Prometheus(f"http://127.0.0.1:{port}")
    argv = [
        str(ensure("prometheus", progress=print) / "prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    log = folder / "prometheus.log"
    with process(argv, log):
        until(lambda: _answers(server), f"Prometheus does not answer; see {log}", 30)
        yield server


def _answers(server: Prometheus) -> bool:
    try:
        return bool(server.query("vector(1)"))
    except OSError:
        return False
