"""One provider process: answers for the schema at once, and loads the rest only when terraform asks for more.

Terraform starts every provider twice a command, once for nothing but its schema.
"""

import threading
from collections.abc import Callable
from pathlib import Path

from infra.simulator.wire import schema_response

Method = Callable[[bytes], bytes]
METHODS = (
    "ValidateProviderConfig",
    "ConfigureProvider",
    "ValidateResourceConfig",
    "ValidateDataResourceConfig",
    "UpgradeResourceState",
    "ReadResource",
    "PlanResourceChange",
    "ApplyResourceChange",
    "ImportResourceState",
    "MoveResourceState",
    "ReadDataSource",
    "CallFunction",
    "StopProvider",
)


class LazyService:
    """The service of one provider, made at the first call that needs it."""

    def __init__(self, provider: str, home: Path) -> None:
        self._provider = provider
        self._home = home
        self._lock = threading.Lock()
        self._methods: dict[str, Method] = {}

    def methods(self) -> dict[str, Method]:
        """Give the procedures by name."""
        lazy: dict[str, Method] = {name: self._method(name) for name in METHODS}
        return {**lazy, "GetProviderSchema": lambda _request: schema_response(self._provider)}

    def _method(self, name: str) -> Method:
        return lambda request: self._loaded()[name](request)

    def _loaded(self) -> dict[str, Method]:
        with self._lock:
            if not self._methods:
                from infra.simulator.clouds import cloud_for
                from infra.simulator.service import Service
                from infra.simulator.simulate import Simulator
                from infra.simulator.store import Store

                self._methods = Service(Simulator(cloud_for(self._provider), Store(self._home))).methods()
        return self._methods


def run(provider: str, home: Path) -> None:
    """Serve a provider until terraform is done with it."""
    from infra.simulator.plugin import serve

    serve(LazyService(provider, home).methods())
