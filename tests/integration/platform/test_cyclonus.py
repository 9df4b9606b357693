"""A second opinion on the network policies: cyclonus answers every question of the table, and must agree with it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from infra.host.parts import ensure
from tests.support import overlays, reachability
from tests.support.traffic import End


def _peer(end: End) -> dict[str, Any]:
    inside = {"PodLabels": end.labels, "NamespaceLabels": end.namespace_labels, "Namespace": end.namespace}
    return {"Internal": inside if end.namespace else None, "IP": end.address}


def test_cyclonus_agrees_with_the_table() -> None:
    asked = list(reachability.questions())
    traffic = [
        {"Source": _peer(one), "Destination": _peer(other), "ResolvedPort": port.number, "Protocol": port.protocol}
        for one, other, port in asked
    ]
    policies = [obj for obj in overlays.built("prod") if obj["kind"] == "NetworkPolicy"]
    done = subprocess.run(
        [ensure("cyclonus", progress=print) / "cyclonus"],
        input=json.dumps({"policies": policies, "traffic": traffic}),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answers = [line == "true" for line in done.stdout.splitlines()]
    assert len(answers) == len(asked)
    found = {(one.name, other.name, str(port)) for (one, other, port), yes in zip(asked, answers, strict=True) if yes}
    wanted = reachability.allowed()
    assert (sorted(found - wanted), sorted(wanted - found)) == ([], [])
