"""A statement as it arrives at the core: already validated, not yet attributed or agreed to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .evidence import EventKind


@dataclass(slots=True)
class Arrival:
    """One statement, reduced.

    :param id: the statement's id, lower case.
    :param identity: canonical identity of the actor (``core.identity``); "" for groups and anonymous actors.
    :param object_ids: IRIs to look for in the catalogue: the object, then its parents, then its grouping.
    :param raw: the statement as JSON, without what concerns other people (see docs/xapi.md), for ``GET``.
    :param score: 0..1 when the statement has a score that can be scaled; None otherwise.
    """

    id: str
    identity: str
    kind: EventKind
    at: datetime
    object_ids: tuple[str, ...]
    raw: bytes
    item: str = ""
    success: bool | None = None
    score: float | None = None
    minutes: float | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch: every count is of statements.

    :param dropped: reason to count: ``no-consent``, ``unknown-learner``, ``not-a-person``.
    """

    stored: int
    repeated: int
    dropped: dict[str, int]
