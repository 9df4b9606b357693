"""Make a cluster from a spec, or change the one that is there.

The whole plan is shown and approved first. Then each stage is planned, and exactly that plan is applied; you are asked
again only if a stage's plan holds something that the approved plan did not. Ctrl-C stops cleanly, `clusterctl resume` goes on.
With --engine argo it runs on the management cluster: Ctrl-C leaves it running, and the same command, `clusterctl resume` or
`clusterctl approve` from any machine goes on with it.
Exit codes: 0 done; 80 it waits for an approval (no terminal and no --yes); 82 stopped; others as the error says.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace

from clusterctl import approval, clusters, engines, flags, pipelines, plan_view, previews, runs, specs
from clusterctl.console import Console, console_of
from clusterctl.specs import SpecFile
from infra.errors import ApprovalRejected, AwaitingApproval, UsageError
from infra.plans.summary import PlanSummary

FRESH = {"HERA_FRESH_SECONDS": "0"}
"""No comparison with the cloud counts as fresh."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    flags.add_file(parser)
    flags.add_simulate(parser)
    flags.add_yes(parser, "approve every plan without being asked")
    flags.add_output(parser)
    flags.add_timeout(parser)
    flags.add_engine(parser, wait=True)
    parser.add_argument("--refresh", action="store_true", help="compare with the cloud even if that was done a moment ago")
    parser.add_argument("--full", action="store_true", help="show every resource and attribute of the plan")


def run(args: Namespace) -> int:
    """Plan, ask, apply, sum up."""
    if engines.chosen(args) == engines.LOCAL:
        pipelines.warm_up()
    console, spec, place = console_of(args), specs.read(args.file), clusters.place_for_spec(args)
    request = replace(request_for(spec.cluster.name, place, spec.text, args.timeout), wait=args.wait)
    request = runs.joined(request, console)
    approved = None if args.yes or args.wait or request.attach else _approved(args, console, spec, place)
    if args.refresh and request.on_argo:
        raise UsageError("--refresh is for the local engine; Argo's runs compare anew after 20 seconds", next_step="leave it out")
    if args.refresh:
        request = replace(request, environment=FRESH)
    asked = approval.Always() if args.yes else approval.Asking(console, approved)
    outcome = pipelines.run(request, console, asked)
    runs.show_created(console, place, spec.cluster.name, outcome)
    return 0


def request_for(name: str, place: clusters.Place, spec: str, timeout: int, policy: str = "always") -> pipelines.Request:
    """Return what the engine is asked for; without a spec it takes the ledger's."""
    return pipelines.Request(
        template="create-cluster",
        title=f"Building {name} {place.title}",
        cluster=name,
        place=place,
        spec=spec,
        extra={"approval": policy},
        timeout=timeout,
        resume=f"clusterctl resume cluster {name}",
    )


def _approved(args: Namespace, console: Console, spec: SpecFile, place: clusters.Place) -> PlanSummary:
    """Show the whole plan and get a yes for it."""
    summary = previews.preview(spec, place, console, args)
    console.say(plan_view.render(summary, console.notes, full=args.full))
    console.note(f"\nPage: {previews.write_page(summary)}")
    if summary.verdict == "none":
        return summary
    again = f"clusterctl create cluster {spec.typed}{' --simulate' if place.simulated else ''} --yes"
    if not console.interactive:
        raise AwaitingApproval(f"the plan of {summary.cluster} ({summary.headline()}) waits for your approval", next_step=again)
    if not approval.confirm(console, summary):
        raise ApprovalRejected("not approved; nothing was changed", next_step=f"change the spec, or: {again}")
    return summary
