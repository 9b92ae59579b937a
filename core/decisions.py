"""What staff decide about what is suggested, and what of it applies to one learner here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class DecisionKind(StrEnum):
    """What can be decided about an activity."""

    NEVER = "never"
    """It is not suggested."""
    HIDE = "hide"
    """It is not suggested to one learner."""
    PIN = "pin"
    """It comes first, for whom it fits."""
    REPLACE = "replace"
    """Another activity is suggested instead."""
    APPROVE = "approve"
    """It may be suggested, where a person's yes is needed."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision.

    :param context_id: where it holds; "" everywhere in the tenant.
    :param learner_id: for whom; "" for everybody.
    :param instead_id: the activity that takes the place, for ``REPLACE``.
    :param by: sign of who decided (see ``staff``), or the words the command line was given.
    """

    kind: DecisionKind
    activity_id: str
    context_id: str = ""
    learner_id: str = ""
    instead_id: str = ""
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """All that staff decided for one learner in one context.

    :param banned: activities that are not suggested.
    :param pinned: activities that come first, the earliest decision first.
    :param instead: activity that is not suggested to the one that takes its place.
    :param approved: activities that have a yes.
    :param needs_yes: whether only activities with a yes are suggested.
    :param exploration: share of pages, 0..1, on which strategies may be weighed otherwise than was learned.
    """

    banned: frozenset[str] = frozenset()
    pinned: tuple[str, ...] = ()
    instead: Mapping[str, str] = field(default_factory=dict)
    approved: frozenset[str] = frozenset()
    needs_yes: bool = False
    exploration: float = 0.0

    @classmethod
    def of(
        cls, decisions: Iterable[Decision], *, needs_yes: bool = False, exploration: float = 0.0
    ) -> Decided:
        """What follows from decisions that hold here and for this learner, earliest first.

        What is banned stays banned, whatever else was decided of it.
        """
        by_kind: dict[DecisionKind, list[Decision]] = {kind: [] for kind in DecisionKind}
        for each in decisions:
            by_kind[each.kind].append(each)
        instead = {d.activity_id: d.instead_id for d in by_kind[DecisionKind.REPLACE]}
        banned = {d.activity_id for kind in (DecisionKind.NEVER, DecisionKind.HIDE) for d in by_kind[kind]}
        pinned = dict.fromkeys(d.activity_id for d in by_kind[DecisionKind.PIN])
        approved = {d.activity_id for d in by_kind[DecisionKind.APPROVE]}
        return cls(
            frozenset(banned | instead.keys()),
            tuple(a for a in pinned if a not in banned and a not in instead),
            {old: new for old, new in instead.items() if new not in banned},
            frozenset(approved | pinned.keys() | set(instead.values())),
            needs_yes,
            exploration,
        )


NOTHING_DECIDED = Decided()
