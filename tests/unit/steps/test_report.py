"""The report for those who count: added to by each step, silent about what nobody had to know."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from infra.errors import Throttled
from steps.common import report
from steps.common.context import Context
from steps.network import contract as network


@pytest.mark.parametrize("known", [True, False], ids=["cluster known", "cluster never looked at"])
def test_cloud_and_environment_are_told_when_the_step_knew_them(tmp_path: Path, known: bool) -> None:
    context = Context({"cluster": "shop"}, tmp_path)
    if known:
        vars(context)["cluster"] = SimpleNamespace(spec=SimpleNamespace(cloud="aws", environment="dev"))
    report.add(context, network.PLAN, 1.5, None)
    said = json.loads((tmp_path / "outputs" / "report").read_text())
    assert {key: said.get(key) for key in ("cloud", "environment")} == (
        {"cloud": "aws", "environment": "dev"} if known else {"cloud": None, "environment": None}
    )
    assert (said["network.plan.seconds"], said["network.plan.outcome"], said["code"]) == ("1.500", "succeeded", "")


def test_a_second_try_replaces_what_the_first_said(tmp_path: Path) -> None:
    context = Context({}, tmp_path)
    report.add(context, network.APPLY, 9, Throttled("slowly"))
    report.add(context, network.APPLY, 2, None)
    said = json.loads((tmp_path / "outputs" / "report").read_text())
    assert (said["network.apply.seconds"], said["network.apply.outcome"], said["code"]) == ("2.000", "succeeded", "")


def test_a_broken_report_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "report").write_text("{")
    report.add(Context({}, tmp_path), network.PLAN, 1, None)
    assert "network.plan.seconds" in json.loads((tmp_path / "outputs" / "report").read_text())
