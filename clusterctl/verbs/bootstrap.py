"""Prepare a management cluster, where pipelines run on Argo Workflows; safe to repeat, and the way to upgrade one.

  clusterctl bootstrap --state 's3://my-state/hera?region=eu-west-1'    the cluster of the current context
  clusterctl bootstrap --target host --simulate                        a cluster of plain processes on this machine
  clusterctl bootstrap --check                                         what is missing or different (exit code 2)
  clusterctl bootstrap --target host --down                            leave nothing behind

Flags that are left out keep what the cluster was installed with. The cluster is remembered as the one that other commands use.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from clusterctl import flags, home
from clusterctl.console import Console, console_of, document
from clusterctl.terminal import clean, table
from infra.errors import ApprovalRejected, AwaitingApproval, NotFound, UsageError

if TYPE_CHECKING:
    from infra.kube.api import Api
    from infra.management.check import Check
    from infra.management.install import Installed, Report
    from infra.management.record import Management
    from infra.management.settings import Settings
    from infra.management.targets import Reached

CHANGES = 2
TARGETS = ("context", "kind", "host")
PROFILES = ("dev", "prod", "argo-default")
UI = "kubectl --kubeconfig {kubeconfig} --context {context} -n argo port-forward svc/argo-server 2746"


def add_arguments(parser: ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument(
        "--target",
        choices=TARGETS,
        default="",
        help="where the cluster comes from (default: context, or the host cluster that is remembered)",
    )
    parser.add_argument(
        "--name", dest="cluster_name", metavar="CLUSTER", default="", help="name of a kind or host cluster (default: hera)"
    )
    parser.add_argument("--context", default="", help="context of the kubeconfig (default: its current one)")
    parser.add_argument("--profile", choices=PROFILES, default="", help="size and tuning (default: dev; docs/operating.md)")
    parser.add_argument("--artifacts", metavar="URL", default="", help="where plans and logs go (default: below the state store)")
    parser.add_argument("--drift", metavar="CLUSTER", action="append", help="compare this cluster every night; may be repeated")
    parser.add_argument("--image", metavar="NAME=REF", action="append", help="another image, of a registry of yours; repeated")
    parser.add_argument("--check", action="store_true", help="change nothing, say what is missing or different")
    parser.add_argument("--down", action="store_true", help="remove everything of Hera's, and a kind or host cluster with it")
    flags.add_simulate(parser, "install the simulated cloud beside it: no account is needed")
    flags.add_yes(parser, "take down without asking, also while runs go on")
    flags.add_output(parser)


def run(args: Namespace) -> int:
    """Prepare, check or take down."""
    if args.check and args.down:
        raise UsageError("--check and --down exclude each other")
    _settle_target(args)
    return _check(args) if args.check else _down(args) if args.down else _install(args)


def _settle_target(args: Namespace) -> None:
    """Fill in which cluster is meant: what was typed, else the remembered host cluster, else the current context."""
    from infra.management.record import Management

    known = Management.load()
    own = home.home() / "host"
    if not (args.target or args.context or args.cluster_name) and known and own in (kubeconfig := Path(known.kubeconfig)).parents:
        args.target, args.cluster_name = "host", kubeconfig.parent.name
    args.target = args.target or "context"
    args.cluster_name = args.cluster_name or "hera"


def _settings(args: Namespace, found: Installed | None) -> Settings:
    """Return the settings: flags, else what the cluster was installed with, else defaults."""
    from infra.management.settings import Settings

    now = found.settings if found else Settings()
    state = str(args.state or now.state)
    if not (found or state or args.simulate):
        state = str(home.load_config().get("state") or "")
    if not (state or args.simulate or now.simulation):
        raise UsageError(
            "no place is known where states and the ledger live",
            next_step="add --state URL, or --simulate to try it without an account",
        )
    return replace(
        now,
        profile=args.profile or now.profile,
        simulation=bool(args.simulate or (now.simulation and not args.state)),
        state=state,
        artifacts=args.artifacts or now.artifacts,
        drift=tuple(args.drift or now.drift),
        images={**now.images, **dict(_image(item) for item in args.image or ())},
    )


def _image(text: str) -> tuple[str, str]:
    name, equals, reference = text.partition("=")
    if not (equals and name and reference):
        raise UsageError(
            f"{text!r} is no NAME=REF", next_step="clusterctl bootstrap --image steps=registry.example/hera/steps:1.0"
        )
    return name, reference


def _install(args: Namespace) -> int:
    from infra.management import targets
    from infra.management.install import install, installed

    console = console_of(args)
    told = _Progress(console)
    told.start(f"Management cluster {_place(args)}")
    first = _already(args)
    reached = targets.reach(args.target, args.cluster_name, args.context, _settings(args, first), told)
    api = reached.api()
    settings = reached.settle(_settings(args, first or installed(api)))
    report = install(api, settings, told)
    known = _remember(reached, settings)
    _show(console, known, report, settings, args)
    return 0


def _already(args: Namespace) -> Installed | None:
    """Return what is installed, where the cluster is there and answers."""
    from infra.errors import WaitAndRetry
    from infra.management import targets
    from infra.management.install import installed

    try:
        return installed(targets.look(args.target, args.cluster_name, args.context).api())
    except (NotFound, WaitAndRetry):
        return None


def _place(args: Namespace) -> str:
    return f"in the context {args.context or '(current)'}" if args.target == "context" else f"{args.cluster_name} ({args.target})"


def _remember(reached: Reached, settings: Settings) -> Management:
    from infra.management.record import Management

    kubeconfig = str(reached.kubeconfig)
    known = Management(
        kubeconfig,
        reached.context,
        ui=UI.format(kubeconfig=kubeconfig, context=reached.context),
        simulation=settings.simulation,
        state=settings.state_url,
    )
    known.save()
    return known


def _show(console: Console, known: Management, report: Report, settings: Settings, args: Namespace) -> None:
    from infra.management.install import summary

    scheme = "http" if settings.open_ui else "https"
    did = ", ".join(
        f"{len(items)} {word}"
        for word, items in (("made", report.made), ("changed", report.changed), ("removed", report.removed))
        if items
    )
    version = f"{report.before} → {report.version}" if report.before not in ("", report.version) else report.version
    style = console.style
    lines = [
        f"{style.green('✓')} {did or 'nothing to do'}; {report.unchanged} objects as they were (version {version})",
        f"  state      {settings.state_url}{' (simulated)' if settings.simulation else ''}",
        f"  kubeconfig {known.kubeconfig} (context {known.context})",
        f"  UI         {known.ui}",
        f"             then {scheme}://localhost:2746/workflows/hera",
    ]
    data = {"target": args.target, **summary(report), "kubeconfig": known.kubeconfig, "context": known.context, "ui": known.ui}
    data |= {"state": settings.state_url, "simulated": settings.simulation, "profile": settings.profile}
    console.result(
        document("Management", data), "\n".join(clean(line) if not line.startswith("\x1b") else line for line in lines)
    )
    simulate = " --simulate" if settings.simulation else ""
    console.note(f"  Next: {console.notes.cyan(f'clusterctl create cluster -f examples/aws-dev.yaml{simulate} --engine argo')}")


def _check(args: Namespace) -> int:
    from infra.management import targets
    from infra.management.check import check
    from infra.management.install import installed

    console = console_of(args)
    api = targets.look(args.target, args.cluster_name, args.context).api()
    found = installed(api)
    result = check(api, _settings(args, found), found)
    items = [item.to_dict() for item in result.differences]
    data = {"installed": result.installed, "version": result.version, "well": result.well}
    console.result(
        document("ManagementCheck", data | {"differences": items, "troubles": list(result.troubles)}), _text(result, console)
    )
    if not result.well:
        console.note(f"  Next: {console.notes.cyan('clusterctl bootstrap')}")
    return 0 if result.well else CHANGES


def _text(result: Check, console: Console) -> str:
    if result.well:
        return f"{console.style.green('✓')} all as it should be (version {result.version})"
    rows = [[item.state, item.title, ", ".join(item.fields)] for item in result.differences]
    lines = [table(("STATE", "OBJECT", "FIELDS"), [[clean(cell) for cell in row] for row in rows], console.style)] if rows else []
    return "\n".join([*lines, *(f"{console.style.red('✗')} {clean(item)}" for item in result.troubles)])


def _down(args: Namespace) -> int:
    from infra.errors import WaitAndRetry
    from infra.management import targets
    from infra.management.install import remove
    from infra.management.record import Management

    console = console_of(args)
    told = _Progress(console)
    removed: list[str] = []
    try:
        reached = targets.look(args.target, args.cluster_name, args.context)
    except NotFound:
        if args.target == "host":
            targets.down(args.target, args.cluster_name, told)
        console.result(document("ManagementRemoved", {"removed": []}), "nothing is there")
        return 0
    try:
        api = reached.api()
        _agree(args, console, api)
        if args.target == "context":
            removed = remove(api, told)
    except WaitAndRetry:
        if args.target == "context":
            raise
        told("the API server does not answer; it is taken down all the same")
    targets.down(args.target, args.cluster_name, told)
    known = Management.load()
    if known and known.context == reached.context:
        known.forget()
    what = f"{len(removed)} objects were removed" if args.target == "context" else f"the {args.target} cluster is gone"
    console.result(document("ManagementRemoved", {"removed": removed}), f"{console.style.green('✓')} {what}")
    return 0


def _agree(args: Namespace, console: Console, api: Api) -> None:
    """Ask before runs are lost; a cluster of its own with no runs on it needs no question."""
    from infra.management.install import running

    runs = running(api)
    if args.yes or not (runs or args.target == "context"):
        return
    what = f"{len(runs)} runs go on ({', '.join(runs[:3])})" if runs else "everything of Hera's will be removed from the cluster"
    if not console.interactive:
        raise AwaitingApproval(what, next_step="clusterctl bootstrap --down --yes")
    if console.ask(f"{what}. Only yes goes on: ").lower() != "yes":
        raise ApprovalRejected("nothing was changed")


class _Progress:
    """One line an event with the time since the start; long waits are told by those who wait."""

    def __init__(self, console: Console) -> None:
        from time import monotonic

        self._console, self._clock, self._began = console, monotonic, monotonic()

    def start(self, title: str) -> None:
        self._console.note(self._console.notes.bold(clean(title)))

    def __call__(self, text: str) -> None:
        at = int(self._clock() - self._began)
        self._console.note(f"{self._console.notes.dim(f'{at // 60:02d}:{at % 60:02d}')} {clean(text)}")
