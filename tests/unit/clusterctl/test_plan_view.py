from __future__ import annotations

from dataclasses import replace

from clusterctl.plan_view import render
from clusterctl.terminal import Style
from infra.plans.cost import Cost, CostLine
from infra.plans.summary import AttributeChange, Change, PlanSummary, StagePlan

PLAIN = Style(False)

EXPECTED = """\
Plan for shop on aws eu-west-1 (simulated): 1 to replace, 5 to create, 1 to update

Destroyed or replaced
  ± replace  module.cluster.aws_eks_node_group.pool["general"]
      instance_types: ["m6i.large"] → ["m7i.large"]  forces replacement

Security: look at these first
  ! the API becomes public  1 to update: this

Stage network
  +   5 aws_subnet  private["a"], private["b"], private["c"], 2 more

Stage cluster
  ± module.cluster.aws_eks_node_group.pool["general"]
  ~ module.cluster.aws_eks_cluster.this
      version: 1.33 → 1.34
      1 more attribute (--full shows all)"""


def test_summary_of_a_plan(plan: PlanSummary) -> None:
    assert render(plan, PLAIN) == EXPECTED


def test_full_shows_every_resource(plan: PlanSummary) -> None:
    text = render(plan, PLAIN, full=True)
    assert all(f'private["{zone}"]' in text for zone in "abcde")
    assert "platform_version: eks.9 → (known after apply)" in text
    assert "more" not in text


def test_what_is_lost_is_red(plan: PlanSummary) -> None:
    text = render(plan, Style(True))
    assert '\x1b[31m± replace  module.cluster.aws_eks_node_group.pool["general"]' in text
    assert "\x1b[31;1m1 to replace" in text


def test_cost_says_what_it_leaves_out(plan: PlanSummary) -> None:
    lines = (CostLine("a", "nodes", 2, 140.0), CostLine("b", "nodes", 1, 70.0), CostLine("c", "NAT gateway", 1, 35.0))
    cost = Cost("USD", "2026-11-01", "list prices", lines, ("x.y (huge)",), ("data transfer",))
    text = render(replace(plan, cost=cost), PLAIN)
    assert "about 245.00 USD a month  (price table of 2026-11-01)" in text
    assert "      210.00  nodes  × 3" in text
    assert "not priced: x.y (huge)" in text and "prices: list prices" in text and "leaves out: data transfer" in text


def test_drift_shows_what_changed() -> None:
    drift = (
        Change("aws_vpc.a", "aws_vpc", "update", (AttributeChange("tags", "{}", '{"a": 1}'),)),
        Change("aws_eip.b", "aws_eip", "delete"),
    )
    plan = PlanSummary("shop", "aws", "eu-west-1", False, "", (StagePlan("network", (), drift),))
    text = render(plan, PLAIN)
    assert "no changes" in text and "simulated" not in text
    assert "changed  aws_vpc.a" in text and 'tags: {} → {"a": 1}' in text and "deleted  aws_eip.b" in text


def test_hostile_names_do_not_act() -> None:
    bad = "x\x1b[2K\r\nfake line\u202e"
    change = Change(bad, "aws_vpc", "update", (AttributeChange(bad, bad, bad),), (bad,))
    plan = PlanSummary(bad, bad, bad, True, bad, (StagePlan(bad, (change,), (change,)),), None, (bad,))
    for full in (False, True):
        text = render(plan, PLAIN, full=full)
        assert not {"\x1b", "\r", "\u202e"} & set(text)
        assert not [line for line in text.splitlines() if line.strip().startswith("fake line")]


def test_a_fleet_of_equal_creations_is_one_line() -> None:
    changes = tuple(Change(f"google_x.y[{number}]", "google_x", "create") for number in range(80))
    plan = PlanSummary("shop", "gcp", "europe-west4", True, "", (StagePlan("network", changes),))
    assert len(render(plan, PLAIN).splitlines()) < 8
