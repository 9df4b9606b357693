"""The provider's remote procedures: protocol messages in, the simulator's answers out."""

import json
import os
import traceback
from collections.abc import Callable
from typing import Any

from infra.simulator.errors import CloudError
from infra.simulator.functions import FUNCTIONS
from infra.simulator.planning import Planned, conform, plan_create, plan_update
from infra.simulator.protocol import tfplugin6_pb2
from infra.simulator.schema import DATA, block_of, provider_block
from infra.simulator.simulate import Made, Simulator
from infra.simulator.validation import check_computed
from infra.simulator.values import ObjectValue, decode, encode
from infra.simulator.wire import schema_response

pb: Any = tfplugin6_pb2  # generated, without types
ERROR, WARNING = 1, 2
CLOUDS = ("aws", "azurerm", "google")
NOTICE = "Nothing real is made or changed, and nothing here proves that the cloud would accept it. See docs/simulator.md."


class Service:
    """Answers terraform for one provider."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._provider = simulator.cloud.provider

    def methods(self) -> dict[str, Callable[[bytes], bytes]]:
        """Give the procedures by name."""
        handlers = {
            "ValidateProviderConfig": self.validate_provider,
            "ConfigureProvider": self.configure,
            "ValidateResourceConfig": self.validate_resource,
            "ValidateDataResourceConfig": self.validate_data,
            "UpgradeResourceState": self.upgrade,
            "ReadResource": self.read,
            "PlanResourceChange": self.plan,
            "ApplyResourceChange": self.apply,
            "ImportResourceState": self.import_,
            "MoveResourceState": self.move,
            "ReadDataSource": self.read_data,
            "CallFunction": self.call_function,
            "StopProvider": self.stop,
        }
        wrapped = {name: _wrap(name, handler) for name, handler in handlers.items()}
        wrapped["GetProviderSchema"] = lambda _request: schema_response(self._provider)
        return wrapped

    # provider

    def validate_provider(self, request: Any, response: Any) -> None:
        """Accept any provider block the schema accepts."""

    def configure(self, request: Any, response: Any) -> None:
        """Read the provider block: region, project, subscription, default tags."""
        values = conform(provider_block(self._provider), _object(request.config) or {})
        self._simulator.scope = self._simulator.cloud.scope(values)
        if os.environ.get("HERA_SIMULATOR_NOTICE") and self._provider in CLOUDS:
            response.diagnostics.add(severity=WARNING, summary=f"{self._provider} is simulated", detail=NOTICE)

    def stop(self, request: Any, response: Any) -> None:
        """End every wait: the user interrupted terraform."""
        self._simulator.stopping.set()

    # resources

    def validate_resource(self, request: Any, response: Any) -> None:
        """Refuse values for what only the cloud decides, and what the provider's own checks refuse."""
        config = _object(request.config) or {}
        check_computed(self._simulator.block(request.type_name), config)
        self._simulator.cloud.check_config(request.type_name, config)

    def upgrade(self, request: Any, response: Any) -> None:
        """Read stored state of any age: drop what the schema no longer has."""
        state = json.loads(request.raw_state.json or b"null")
        block = self._simulator.block(request.type_name)
        response.upgraded_state.msgpack = encode(None if state is None else conform(block, state))

    def read(self, request: Any, response: Any) -> None:
        """Refresh: what changed shows, what is gone disappears."""
        state = _object(request.current_state)
        fresh = None if state is None else self._simulator.read(request.type_name, state, _uid(request.private))
        response.new_state.msgpack = encode(fresh)
        response.private = request.private

    def plan(self, request: Any, response: Any) -> None:
        """Plan a creation, a change, a replacement or a destruction."""
        response.legacy_type_system = True
        response.planned_private = request.prior_private
        proposed, prior = _object(request.proposed_new_state), _object(request.prior_state)
        if proposed is None:
            response.planned_state.msgpack = encode(None)
            return
        planned = self._plan(request.type_name, prior, proposed, _object(request.config) or {})
        response.planned_state.msgpack = encode(planned.value)
        for path in planned.replace:
            _path(response.requires_replace.add(), path)

    def _plan(self, type_: str, prior: ObjectValue | None, proposed: ObjectValue, config: ObjectValue) -> Planned:
        cloud, block = self._simulator.cloud, self._simulator.block(type_)
        rules = cloud.rules(type_)
        if prior is None:
            value = plan_create(block, proposed, rules)
            cloud.derive(type_, value, config, self._simulator.scope)
            return Planned(value)
        derived = dict(proposed)
        cloud.derive(type_, derived, config, self._simulator.scope)
        return plan_update(block, prior, derived, config, rules)

    def apply(self, request: Any, response: Any) -> None:
        """Do what was planned."""
        response.legacy_type_system = True
        type_, uid = request.type_name, _uid(request.planned_private)
        prior, planned = _object(request.prior_state), _object(request.planned_state)
        config = _object(request.config) or {}
        response.new_state.msgpack = encode(prior)
        response.private = request.planned_private
        if planned is None:
            assert prior is not None
            self._simulator.delete(type_, prior, uid)
            response.new_state.msgpack = encode(None)
        elif prior is None:
            self._answer(response, self._simulator.create(type_, planned, config))
        else:
            self._answer(response, self._simulator.update(type_, prior, planned, config, uid))

    def _answer(self, response: Any, made: Made) -> None:
        response.new_state.msgpack = encode(made.values)
        response.private = json.dumps({"uid": made.uid}).encode()
        if made.error is not None:
            response.diagnostics.add(severity=ERROR, summary=made.error.summary, detail=made.error.detail)

    def import_(self, request: Any, response: Any) -> None:
        """Take an object of the simulated cloud under terraform's care."""
        values, uid = self._simulator.import_(request.type_name, request.id)
        imported = response.imported_resources.add(type_name=request.type_name)
        imported.state.msgpack = encode(values)
        imported.private = json.dumps({"uid": uid}).encode()

    def move(self, request: Any, response: Any) -> None:
        """Move state to another type by the attributes both have."""
        state = json.loads(request.source_state.json or b"{}")
        response.target_state.msgpack = encode(conform(self._simulator.block(request.target_type_name), state))
        response.target_private = request.source_private

    # data sources and functions

    def validate_data(self, request: Any, response: Any) -> None:
        """Refuse values for what only the cloud decides."""
        check_computed(block_of(self._provider, DATA, request.type_name), _object(request.config) or {})

    def read_data(self, request: Any, response: Any) -> None:
        """Look something up."""
        response.state.msgpack = encode(self._simulator.data(request.type_name, _object(request.config) or {}))

    def call_function(self, request: Any, response: Any) -> None:
        """Compute a provider function."""
        arguments = [decode(argument.msgpack) for argument in request.arguments]
        try:
            result = FUNCTIONS[self._provider][request.name].call(*arguments)
        except CloudError as error:
            response.error.text = error.summary
            return
        response.result.msgpack = encode(result)


def _wrap(name: str, handler: Callable[[Any, Any], None]) -> Callable[[bytes], bytes]:
    kind = getattr(pb, name)

    def call(raw: bytes) -> bytes:
        request, response = kind.Request.FromString(raw), kind.Response()
        try:
            handler(request, response)
        except CloudError as error:
            response.diagnostics.add(severity=ERROR, summary=error.summary, detail=error.detail)
        except Exception:
            where = f"{name} {getattr(request, 'type_name', '')}"
            _report(response, f"The simulator itself failed in {where}", traceback.format_exc())
        encoded: bytes = response.SerializeToString()
        return encoded

    return call


def _report(response: Any, summary: str, detail: str) -> None:
    if hasattr(response, "diagnostics"):
        response.diagnostics.add(severity=ERROR, summary=summary, detail=detail)
    else:
        response.error.text = f"{summary}: {detail}"


def _object(dynamic: Any) -> ObjectValue | None:
    value = decode(dynamic.msgpack) if dynamic.msgpack else json.loads(dynamic.json or b"null")
    return value if isinstance(value, dict) else None


def _uid(private: bytes) -> int | None:
    if not private:
        return None
    uid = json.loads(private).get("uid")
    return int(uid) if uid is not None else None


def _path(target: Any, path: tuple[str | int, ...]) -> None:
    for step in path:
        if isinstance(step, int):
            target.steps.add(element_key_int=step)
        else:
            target.steps.add(attribute_name=step)
