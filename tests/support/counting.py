"""An operator that only counts: while it leads it adds one to a counter in the cluster, as fast as it can.

SIGTERM stops it in order.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from infra.errors import HeraError
from infra.kube.api import Api
from operator_kit.guard import Guarded, change
from operator_kit.lease import Elector, Timing
from operator_kit.leases import ApiLeases


def say(what: str, **more: Any) -> None:
    print(json.dumps({"what": what, "at": time.monotonic()} | more), flush=True)


def main(kubeconfig: str, namespace: str, identity: str) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    timing = Timing()
    leases = ApiLeases(Api.connect(Path(kubeconfig)), namespace, "counter", timing.call)
    elector = Elector(leases, identity, timing)
    api = Guarded(Api.connect(Path(kubeconfig)).client, lambda: elector.check(0.5))
    ended = threading.Event()

    def lost() -> None:
        say("lost")
        os._exit(1)

    election = threading.Thread(target=elector.run, args=(ended, lambda term: say("elected", term=term), lost), daemon=True)
    election.start()
    say("started")
    while not stop.is_set():
        if elector.leads():
            with suppress(HeraError):
                count(api, elector, f"/api/v1/namespaces/{namespace}/configmaps/counter")
        stop.wait(0.02)
    elector.resign()
    ended.set()
    election.join(3)
    elector.release()
    say("released")


def count(api: Guarded, elector: Elector, path: str) -> None:
    term = elector.check()

    def add(found: dict[str, Any]) -> dict[str, Any]:
        threading.Event().wait(random.random() * 0.03)  # time.sleep fails where libfaketime has moved the clock
        return {"data": {"value": str(int(found["data"]["value"]) + 1), "holder": elector.identity, "term": str(term)}}

    change(api, path, add, term)


if __name__ == "__main__":
    main(*sys.argv[1:])
