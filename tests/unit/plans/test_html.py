from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from infra.plans.cost import Cost, CostLine
from infra.plans.html import render_html
from infra.plans.summary import AttributeChange, Change, PlanSummary, StagePlan


class Page(HTMLParser):
    """Collects elements, and complains about tags that are not closed in order."""

    VOID = {"meta", "input", "br"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_is_well_formed_and_loads_nothing(sample: PlanSummary) -> None:
    text = render_html(sample)
    page = Page(text)
    assert {"link", "img", "iframe", "object", "embed"}.isdisjoint(tag for tag, _ in page.tags)
    assert not [attrs for _, attrs in page.tags if {"src", "href", "action", "onclick", "onload"} & set(attrs)]
    assert "http://" not in text and "https://" not in text and "@import" not in text and "url(" not in text


def test_policy_names_the_only_script(sample: PlanSummary) -> None:
    text = render_html(sample)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    assert "default-src 'none'" in text


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ((), "No changes"),
        ((Change("aws_vpc.a", "aws_vpc", "create"),), "Nothing is destroyed or replaced"),
        ((Change("aws_vpc.a", "aws_vpc", "delete"),), "This plan destroys or replaces 1 resource"),
        (
            (Change("aws_vpc.a", "aws_vpc", "replace"), Change("aws_vpc.b", "aws_vpc", "delete")),
            "This plan destroys or replaces 2 resources",
        ),
    ],
    ids=["none", "safe", "one lost", "two lost"],
)
def test_verdict(changes: tuple[Change, ...], verdict: str) -> None:
    plan = PlanSummary("shop", "aws", "eu-west-1", False, "2026-11-24T22:01:00Z", (StagePlan("network", changes),))
    text = render_html(plan)
    assert f"<h2>{verdict}</h2>" in text
    assert "Simulated" not in text


def test_what_matters_comes_first(sample: PlanSummary) -> None:
    text = render_html(sample)
    order = ["Simulated", "This plan destroys", "Destroyed or replaced", "Security: look", "Stage network", "Stage cluster"]
    order += ["Changed outside Hera", "<h2>Cost</h2>"]
    places = [text.index(word) for word in order]
    assert places == sorted(places)


def test_reasons_cost_and_drift_are_there(sample: PlanSummary) -> None:
    text = render_html(sample)
    assert "forces replacement" in text
    assert "661.96" in text and "2026-11-01" in text and "Leaves out: data transfer" in text
    assert "aws_kms_key.this (x)" in text
    assert "&quot;mallory&quot;" in text
    assert "the network as it is now" in text


def test_why_something_is_lost() -> None:
    change = Change("aws_vpc.a", "aws_vpc", "replace", reason="replace_because_tainted")
    plan = PlanSummary("shop", "aws", "eu-west-1", False, "", (StagePlan("network", (change,)),))
    assert "left half-made by an earlier run" in render_html(plan)


def hostile_plan(hostile: str) -> PlanSummary:
    change = Change(
        f"module.{hostile}.aws_vpc.{hostile}",
        "aws_vpc",
        "replace",
        (AttributeChange(hostile, hostile, hostile, True),),
        (hostile,),
    )
    cost = Cost(hostile, hostile, hostile, (CostLine(hostile, hostile, 1, 1.0),), (hostile,), (hostile,))
    stage = StagePlan(hostile, (change, replace(change, type=hostile)), (change,), hostile)
    return PlanSummary(hostile, hostile, hostile, True, hostile, (stage,), cost, (hostile,))


def test_hostile_values_cannot_act(hostile: str) -> None:
    text = render_html(hostile_plan(hostile))
    page = Page(text)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "alert(1)</script>" not in text
    assert "\x1b" not in text and "\u202e" not in text
    known = {"id", "class", "data-action", "data-words", "title", "type", "for", "scope", "open", "checked", "lang", "charset"}
    known |= {
        "http-equiv",
        "content",
        "name",
        "placeholder",
        "autocomplete",
        "role",
        "aria-label",
        "aria-live",
        "aria-hidden",
        "datetime",
    }
    assert {name for _, attrs in page.tags for name in attrs} <= known


def test_two_pages_of_one_plan_are_equal(sample: PlanSummary) -> None:
    assert render_html(sample) == render_html(PlanSummary.from_dict(sample.to_dict()))
