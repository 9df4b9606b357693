"""The life of an object: made, read, changed, deleted; each call checked, logged, delayed and disturbed as asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from infra.simulator.clouds.base import Cloud
from infra.simulator.completion import Completion
from infra.simulator.disturbance import Disturbance
from infra.simulator.errors import CloudError
from infra.simulator.planning import conform
from infra.simulator.quotas import check_quota
from infra.simulator.schema import DATA, RESOURCE, Block, block_of
from infra.simulator.store import IMPLIED, Row, Store
from infra.simulator.values import UNKNOWN, ObjectValue, is_unknown, text


@dataclass
class Made:
    """The outcome of making an object: its values, its number, and the error if it is there but not well."""

    values: ObjectValue
    uid: int
    error: CloudError | None = None


class Simulator:
    """One provider's view of the simulated cloud."""

    def __init__(self, cloud: Cloud, store: Store) -> None:
        self.cloud = cloud
        self.store = store
        self.scope = cloud.scope({})
        self.stopping = threading.Event()
        self._disturbance = Disturbance(store, self.stopping)

    def block(self, type_: str) -> Block:
        """Give a resource type's schema."""
        return block_of(self.cloud.provider, RESOURCE, type_)

    @contextmanager
    def _call(self, type_: str, operation: str, values: ObjectValue) -> "Iterator[CallInProgress]":
        number = self.store.begin_call(
            self.cloud.provider, type_, operation, text(values.get("id")), self.cloud.display_name(values)
        )
        call = CallInProgress(text(values.get("id")))
        try:
            self._disturbance.before(self.cloud.provider, type_, operation)
            yield call
        except CloudError as error:
            self.store.end_call(number, call.id, error.summary)
            raise
        self.store.end_call(number, call.id, call.error.summary if call.error else None)

    def create(self, type_: str, planned: ObjectValue, config: ObjectValue) -> Made:
        """Make an object. It is there before the wait for it begins, as in a real cloud."""
        block = self.block(type_)
        with self._call(type_, "create", planned) as call:
            with self.store.transaction():
                values, uid = self._make(type_, block, planned, config)
            call.id = text(values.get("id"))
            call.error = self._settle(type_, "create", values)
        return Made(values, uid, call.error)

    def _make(self, type_: str, block: Block, planned: ObjectValue, config: ObjectValue) -> tuple[ObjectValue, int]:
        values = dict(planned)
        self.cloud.derive(type_, values, config, self.scope)
        self.cloud.check_create(type_, values, self.scope, self.store)
        place = self.cloud.scope_of(type_, values, self.scope)
        check_quota(self.store, self.cloud.provider, type_, place, self.scope)
        adopted = self.cloud.adopt(type_, values, self.scope, self.store)
        if adopted is not None:
            held = adopted.attributes
            values = {
                name: held[name] if is_unknown(item) and held.get(name) is not None else item for name, item in values.items()
            }
        Completion(self.cloud, type_, self.scope, values).run(block)
        name = self.cloud.display_name(values)
        id_ = text(values.get("id")) or text(values.get("arn")) or name
        stored = {key: item for key, item in values.items() if key != "timeouts"}
        if adopted is not None:
            self.store.update(adopted.uid, id_, name, {**adopted.attributes, **stored, IMPLIED: False})
            return values, adopted.uid
        uid = self._put(type_, id_, name, place, stored)
        self.cloud.created(type_, values, self.scope, self.store)
        return values, uid

    def _put(self, type_: str, id_: str, name: str, place: str, stored: ObjectValue) -> int:
        """Store an object; one under the same id is overwritten, as by the clouds' Put calls.

        Where a cloud refuses a name that is taken, its checks have done so before.
        """
        twin = self.store.get(type_, id_, place)
        if twin is None:
            return self.store.insert(self.cloud.provider, type_, id_, name, place, stored)
        self.store.update(twin.uid, id_, name, stored)
        return twin.uid

    def _settle(self, type_: str, operation: str, values: ObjectValue) -> CloudError | None:
        """Wait as long as the cloud would take; an interrupted wait leaves the object there."""
        try:
            self._disturbance.after(type_, operation, self.cloud.seconds(type_, operation, values))
        except CloudError as error:
            return error
        return None

    def find(self, type_: str, values: ObjectValue, uid: int | None) -> Row | None:
        """Find the stored object a state entry means: by id, or by number for types without one."""
        found = self.cloud.find(type_, values, self.store)
        id_ = text(values.get("id"))
        if found is None and id_ and id_ != "none":
            found = self.store.get(type_, id_, self.cloud.scope_of(type_, values, self.scope))
        elif found is None and uid is not None:
            found = self.store.by_uid(uid)
        return None if found is None or found.implied else found

    def read(self, type_: str, state: ObjectValue, uid: int | None) -> ObjectValue | None:
        """Read an object as it is now, or None when it is gone."""
        block = self.block(type_)
        with self._call(type_, "read", state):
            row = self.find(type_, state, uid)
            if row is not None and self.cloud.refresh(row, self.store) is None:
                with self.store.transaction():
                    self.store.delete(row.uid)
                row = None
        if row is None:
            return None
        fresh = conform(block, row.attributes)
        for name in state:
            attribute = block.attributes.get(name)
            if name == "timeouts" or attribute is not None and attribute.write_only:
                fresh[name] = state[name]
        return fresh

    def update(self, type_: str, prior: ObjectValue, planned: ObjectValue, config: ObjectValue, uid: int | None) -> Made:
        """Change an object."""
        block = self.block(type_)
        with self._call(type_, "update", prior) as call:
            with self.store.transaction():
                row = self.find(type_, prior, uid)
                if row is None:
                    raise CloudError(f"updating {type_} ({text(prior.get('id'))}): not found")
                values = dict(planned)
                self.cloud.derive(type_, values, config, self.scope)
                self.cloud.check_update(row, values, self.scope, self.store)
                Completion(self.cloud, type_, self.scope, values, row.attributes).run(block)
                stored = {key: item for key, item in values.items() if key != "timeouts"}
                id_ = text(values.get("id")) or row.id
                self.store.update(row.uid, id_, self.cloud.display_name(values), {**row.attributes, **stored})
            call.error = self._settle(type_, "update", values)
        return Made(values, row.uid, call.error)

    def delete(self, type_: str, prior: ObjectValue, uid: int | None) -> None:
        """Delete an object; one that is gone already is as good as deleted."""
        with self._call(type_, "delete", prior):
            with self.store.transaction():
                row = self.find(type_, prior, uid)
                if row is not None:
                    self.cloud.check_delete(row, prior, self.scope, self.store)
                    self._unmake(row)
            error = self._settle(type_, "delete", prior)
            if error is not None:
                raise error

    def _unmake(self, row: Row) -> None:
        if self.cloud.outlives(row):
            self.store.update(row.uid, row.id, row.name, {**row.attributes, IMPLIED: True})
            return
        self.store.delete(row.uid)
        self.cloud.deleted(row, self.scope, self.store)

    def import_(self, type_: str, id_: str) -> tuple[ObjectValue, int]:
        """Find an object for `terraform import`."""
        with self._call(type_, "import", {"id": id_}):
            row = self.cloud.lookup(type_, id_, self.scope, self.store)
        if row is None:
            raise CloudError(
                "Cannot import non-existent remote object",
                f'While attempting to import an existing object, the simulated cloud found no {type_} with id "{id_}".',
            )
        return conform(self.block(type_), row.attributes), row.uid

    def data(self, type_: str, config: ObjectValue) -> ObjectValue:
        """Answer a data source."""
        block = block_of(self.cloud.provider, DATA, type_)
        with self._call(type_, "data", config):
            answered = self.cloud.data(type_, config, self.scope, self.store) or {}
        values: ObjectValue = {}
        for name, attribute in block.attributes.items():
            given = config.get(name)
            held = given if given is not None else answered.get(name)
            values[name] = UNKNOWN if held is None and attribute.computed else held
        for name, nested in block.blocks.items():
            values[name] = config.get(name) or answered.get(name) or (None if nested.nesting in ("single", "group") else [])
        shaped = conform(block, values)
        return Completion(self.cloud, type_, self.scope, shaped).run(block)


@dataclass
class CallInProgress:
    """What a call has come to know of itself: the id it made, the error it ended with."""

    id: str
    error: CloudError | None = None
