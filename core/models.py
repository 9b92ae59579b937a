"""Keeping learned models: fold what arrives, catch up with the log, store snapshots, forget.

The event log is the truth; a model's state is a fold over it and can be rebuilt at any time. Each process
holds its states in memory with a cursor into the log. A snapshot in the database spares reading the log from
its start. When states had to change in another way than by new events (somebody was forgotten, or consent
changed), the tenant's epoch rises and the snapshots are written in the same transaction: other processes see
the new epoch and load them.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache
from sqlalchemy import Connection

from .evidence import Event
from .isolation import Isolation, Unusable
from .learned import LearnedModel
from .people import Purpose, Source
from .store import events, snapshots, tenants

Granted = dict[str, frozenset[tuple[Purpose, Source]]]
LeftOut = Callable[[Connection, str], frozenset[str]]


def _nobody(_connection: Connection, _tenant_id: str) -> frozenset[str]:
    return frozenset()


FOLD_SECONDS_PER_1000 = 2.0
LARGE = 20_000
"""Events from which a tenant's states are left out of garbage collection."""


@dataclass
class Hosted:
    """A tenant's states in this process: everything up to ``cursor`` of ``epoch`` is folded in."""

    epoch: int
    cursor: int
    stored: int
    states: dict[str, Any] = field(default_factory=dict)


class Models:
    """All learned models of all tenants, as this process holds them.

    Not safe for two threads on one tenant: callers hold ``lock(tenant_id)``.

    :param offered: (plugin name, model) pairs.
    :param granted: looks up what learners agreed to, legal bases included.
    :param left_out: looks up the plugins whose models a tenant's events are kept from. Once one is no longer
        among them its model learns from the whole log.
    """

    def __init__(
        self,
        offered: Iterable[tuple[str, LearnedModel]],
        isolation: Isolation,
        granted: Callable[[Connection, str, set[str]], Granted],
        tenants_in_memory: int = 100,
        left_out: LeftOut = _nobody,
    ) -> None:
        self.models = {model.name: (plugin, model) for plugin, model in offered}
        self._isolation = isolation
        self._granted = granted
        self.left_out = left_out
        self._hosted: LRUCache[str, Hosted] = LRUCache(tenants_in_memory)
        self._locks: dict[str, threading.RLock] = {}
        self._locks_lock = threading.Lock()

    def lock(self, tenant_id: str) -> threading.RLock:
        """The lock that guards this tenant's states in this process."""
        with self._locks_lock:
            return self._locks.setdefault(tenant_id, threading.RLock())

    def states(
        self, connection: Connection, tenant_id: str, at: tenants.Counters | None = None
    ) -> dict[str, Any]:
        """Model name to state, with everything folded that the database holds.

        A model is absent while its plugin cannot be used, or is left out; it is rebuilt when that ends.
        """
        at = at or tenants.counters(connection, tenant_id)
        hosted = self._hosted.get(tenant_id)
        if hosted is None or hosted.epoch != at.model_epoch:
            hosted = self._hosted[tenant_id] = Hosted(at.model_epoch, at.event_seq, at.event_seq)
        left_out = self.left_out(connection, tenant_id)
        missing = []
        for name, (plugin, _) in self.models.items():
            if plugin in left_out:
                hosted.states.pop(name, None)
            elif name not in hosted.states and self._isolation.status(plugin) == "ok":
                missing.append(name)
        if missing:
            self._build(connection, tenant_id, hosted, missing)
        self._read_on(connection, tenant_id, hosted.states, hosted.cursor, at.event_seq)
        hosted.cursor = at.event_seq
        return hosted.states

    def _build(self, connection: Connection, tenant_id: str, hosted: Hosted, names: list[str]) -> None:
        """Load snapshots and read on from there; without a usable one, read the log from its start.

        Models that stand at the same place are read on together, so that the log is gone through once.
        """
        stored = snapshots.load(connection, tenant_id)
        behind: dict[int, dict[str, Any]] = {}
        for name in names:
            _, model = self.models[name]
            found = stored.get(name)
            state, cursor = None, 0
            # One of an earlier epoch may hold people who were forgotten since, while its plugin was off.
            usable = found is not None and found.version == model.version and found.epoch == hosted.epoch
            if found is not None and usable:
                state, cursor = self._call(name, "load", model.load, data=found.data), found.cursor
            if state is None:
                state, cursor = self._call(name, "empty", model.empty), 0
            if state is not None:
                behind.setdefault(cursor, {})[name] = state
        for cursor, states in behind.items():
            self._read_on(connection, tenant_id, states, cursor, hosted.cursor)
            hosted.states.update(states)
            hosted.stored = min(hosted.stored, cursor)
        if hosted.cursor >= LARGE:
            # States are many small objects that live long. Walking through them at each full collection would
            # stop every thread for longer than plugins may take.
            gc.collect()
            gc.freeze()

    def _read_on(
        self, connection: Connection, tenant_id: str, states: dict[str, Any], cursor: int, until: int
    ) -> None:
        for chunk in events.after(connection, tenant_id, cursor, until):
            self._fold(states, chunk, self._granted(connection, tenant_id, {e.learner_id for e in chunk}))

    def arrived(
        self, tenant_id: str, epoch: int, first_seq: int, new: Sequence[Event], granted: Granted
    ) -> None:
        """Fold events this process has just stored; when others came between, the next look catches up."""
        hosted = self._hosted.get(tenant_id)
        if hosted is not None and hosted.epoch == epoch and hosted.cursor == first_seq - 1:
            self._fold(hosted.states, new, granted)
            hosted.cursor += len(new)

    def _fold(self, states: dict[str, Any], chunk: Sequence[Event], granted: Granted) -> None:
        for name, (_, model) in self.models.items():
            if name not in states:
                continue
            allowed = [
                e for e in chunk if (model.purpose, e.source) in granted.get(e.learner_id, frozenset())
            ]
            if not allowed:
                continue

            def fold_all(state: Any, model: LearnedModel = model, allowed: list[Event] = allowed) -> Any:
                for event in allowed:
                    state = model.fold(state, event)
                return state

            state = self._call(name, "fold", fold_all, weight=len(allowed), state=states[name])
            # A state that failed in the middle of a fold is of no use: without it the plugin is silent, and
            # it is rebuilt from the log when the plugin's pause has ended.
            if state is None:
                del states[name]
            else:
                states[name] = state

    def alone(
        self, events: Sequence[Event], granted: Granted, names: Iterable[str] | None = None
    ) -> dict[str, Any]:
        """States that know these events alone, of the models that serve each learner alone.

        :param names: of the models to ask, as far as there are such; None asks all.
        """
        asked = self.models.keys() if names is None else names
        found = {name: self.models[name][1] for name in asked if name in self.models}
        own = {n: m.empty() for n, m in found.items() if m.purpose is Purpose.SUGGESTIONS}
        self._fold(own, events, granted)
        return own

    def _call(
        self, model: str, what: str, function: Callable[..., Any], *, weight: int = 0, **arguments: Any
    ) -> Any:
        """What the model's function gives, or None: then its plugin lost its say in this call."""
        seconds = FOLD_SECONDS_PER_1000 * max(1, weight / 1000) * (10 if what in ("load", "dump") else 1)

        def check(answer: Any) -> Any:
            if answer is None or (what == "dump" and not isinstance(answer, bytes)):
                raise Unusable(f"the answer is a {type(answer).__name__}")
            return answer

        plugin, _ = self.models[model]
        _, answer = self._isolation.call(
            plugin, f"{model}.{what}", function, arguments, seconds=seconds, check=check
        )
        return answer

    # --- changing states otherwise than by new events ---

    def relearn(
        self, connection: Connection, tenant_id: str, learner_id: str, remaining: Sequence[Event]
    ) -> None:
        """Make every state what it would be had it only ever seen ``remaining`` of this learner."""
        self.relearn_many(connection, tenant_id, {learner_id: remaining})

    def relearn_many(
        self, connection: Connection, tenant_id: str, remaining: Mapping[str, Sequence[Event]]
    ) -> None:
        """Make every state what it would be had it only ever seen these events of these learners.

        The caller holds the tenant's row lock and has already changed the log; snapshots are stored in the
        same transaction, so no process and no later start can see a state with the removed events in it.
        """
        at = tenants.counters(connection, tenant_id, lock=True)
        states = self.states(connection, tenant_id, at)
        granted = self._granted(connection, tenant_id, set(remaining))
        for learner_id, kept in remaining.items():
            for name, (_, model) in self.models.items():
                if name in states:
                    state = self._call(
                        name, "subtract", model.subtract, state=states[name], learner_id=learner_id
                    )
                    if state is None:
                        del states[name]
                    else:
                        states[name] = state
            self._fold(states, kept, granted)
        # Another process may answer with its old states until it sees the new epoch, at its next request.
        self._hosted[tenant_id] = Hosted(at.model_epoch + 1, at.event_seq, 0, states)
        tenants.advance(connection, tenant_id, model_epoch=at.model_epoch + 1)
        self.save(connection, tenant_id)

    def rebuild(self, connection: Connection, tenant_id: str) -> None:
        """Have every process read the whole log again, because what the tenant allows changed for many.

        The caller holds the tenant's row lock.
        """
        at = tenants.counters(connection, tenant_id, lock=True)
        snapshots.drop_all(connection, tenant_id)
        tenants.advance(connection, tenant_id, model_epoch=at.model_epoch + 1)
        self.discard(tenant_id)

    def discard(self, tenant_id: str) -> None:
        """Forget what this process holds: a transaction that changed it did not go through."""
        self._hosted.pop(tenant_id, None)

    def save(self, connection: Connection, tenant_id: str) -> None:
        """Store all states of a tenant."""
        hosted = self._hosted.get(tenant_id)
        if hosted is None:
            return
        for name, (_, model) in self.models.items():
            data = (
                self._call(name, "dump", model.dump, state=hosted.states[name])
                if name in hosted.states
                else None
            )
            if data is None:
                snapshots.drop(connection, tenant_id, name)
            else:
                snapshots.save(
                    connection,
                    tenant_id,
                    snapshots.Snapshot(name, model.version, hosted.epoch, hosted.cursor, data),
                )
        snapshots.drop_before(connection, tenant_id, hosted.epoch)
        hosted.stored = hosted.cursor

    def unsaved(self, tenant_id: str) -> int:
        """How many events were folded since the last snapshot."""
        hosted = self._hosted.get(tenant_id)
        return hosted.cursor - hosted.stored if hosted else 0

    def hosted_tenants(self) -> list[str]:
        """Tenants whose states this process holds."""
        return list(self._hosted)
