"""Every rule does what it says, by Prometheus' own tool; every alert has a test of both answers and a page that helps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cli import PROJECT
from tests.support.prometheus import COMPONENT, RULES, promtool, rules

CASES = Path(__file__).parent / "rules"
GUIDE = (PROJECT / "docs" / "observability.md").read_text()
ALERTS = {str(rule["alert"]): rule for rule in rules("alert")}
FILES = sorted(RULES.glob("*.yml"))


def cases() -> Iterator[dict[str, Any]]:
    for file in sorted(CASES.glob("*.yml")):
        yield from yaml.safe_load(file.read_text())["tests"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_promtool_plays_the_cases(file: Path, tmp_path: Path) -> None:
    played = tmp_path / file.name
    played.write_text((CASES / file.name).read_text().replace("RULES", str(RULES)))
    done = promtool("test", "rules", played)
    assert done.returncode == 0 and "SUCCESS" in done.stdout, done.stdout + done.stderr


def test_a_wrong_threshold_is_noticed(tmp_path: Path) -> None:
    """A tool that plays nothing finds nothing."""
    (tmp_path / "backups.yml").write_text((RULES / "backups.yml").read_text().replace("26 * 3600", "96 * 3600"))
    played = tmp_path / "case.yml"
    played.write_text((CASES / "backups.yml").read_text().replace("RULES", str(tmp_path)))
    assert promtool("test", "rules", played).returncode != 0


@pytest.mark.parametrize("answer", ["silent", "firing"])
def test_every_alert_is_tried_both_ways(answer: str) -> None:
    tried = {
        test["alertname"]
        for case in cases()
        for test in case.get("alert_rule_test", ())
        if bool(test["exp_alerts"]) == (answer == "firing")
    }
    assert tried == set(ALERTS)


def test_every_recorded_figure_is_tried() -> None:
    asked = " ".join(test["expr"] for case in cases() for test in case.get("promql_expr_test", ()))
    assert [rule["record"] for rule in rules("record") if str(rule["record"]) not in asked] == []


@pytest.mark.parametrize("name", ALERTS)
def test_the_guide_tells_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["annotations"]["runbook"] == f"docs/observability.md#{name.lower()}"
    assert rule["labels"]["severity"] in ("page", "ticket")
    section = re.search(rf"^#### {name}\n(.*?)(?=^#|\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    assert section, f"docs/observability.md has no section {name}"
    assert "```sh" in section[1] and len(section[1]) > 150, f"{name}: what it means, and a command"


def test_the_guide_knows_no_other_alert() -> None:
    assert set(re.findall(r"^#### (Hera\w+)$", GUIDE, re.MULTILINE)) == set(ALERTS)


def test_the_rules_and_the_configuration_are_accepted() -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", *FILES)
    assert done.returncode == 0, done.stdout + done.stderr
    done = promtool("check", "config", "--syntax-only", COMPONENT / "config" / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr
