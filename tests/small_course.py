"""A small course, its people, and a clock that stands still: what most tests build their world from."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from stifinder.core import identity
from stifinder.core.arrival import Arrival
from stifinder.core.catalogue import Level
from stifinder.core.drafts import Draft, DraftSkill
from stifinder.core.evidence import EventKind
from stifinder.core.launch import Launch
from stifinder.core.people import Purpose, Source
from stifinder.core.service import Core

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ISSUER = "https://lms.example.org"
EVERYTHING = frozenset((p, s) for p in Purpose for s in Source)
SUGGESTIONS = frozenset((Purpose.SUGGESTIONS, s) for s in Source)


class Clock:
    """A clock that moves when told to."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


MakeCore = Callable[..., Core]


def draft(n: int, skill: str = "estimating", **changes: object) -> Draft:
    """The nth activity of the course ``offers``."""
    made = Draft(
        key=f"activity-{n}",
        title=f"Activity {n}",
        text=f"How to do {skill}, part {n}.",
        language="en",
        media_type="text",
        minutes=5,
        skills=(DraftSkill(skill, skill.capitalize(), Level.BEGINNER),),
        address=f"{ISSUER}/activities/{n}",
        course_key="offers",
        course_title="Writing offers",
        difficulty=0.4,
        position=n,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


COURSE = (
    draft(0),
    draft(1, prerequisites=("activity-0",)),
    draft(2, media_type="quiz"),
    draft(3, "negotiating"),
    draft(4, "negotiating", minutes=45),
    draft(5, "negotiating", media_type="video"),
    draft(6, "contracts", minutes=15),
    draft(7, "contracts", media_type="quiz", minutes=10),
)


def launch_of(name: str, *, tenant: str = "t", locale: str = "en") -> Launch:
    """A launch into the course ``offers`` by the person the LMS calls ``name``."""
    return Launch(
        tenant_id=tenant,
        registration_id="r",
        identities=(identity.account(ISSUER, name),),
        context_key=f"{ISSUER}#offers",
        context_title="Writing offers",
        locale=locale,
    )


def arrival(
    name: str,
    activity: int,
    kind: EventKind = EventKind.COMPLETED,
    *,
    at: datetime = NOW,
    score: float | None = None,
    success: bool | None = None,
    item: str = "",
    id: str = "",
) -> Arrival:
    """A statement about ``name`` and the nth activity."""
    statement_id = id or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/{activity}/{kind}/{at}/{item}/{score}"))
    return Arrival(
        id=statement_id,
        identity=identity.account(ISSUER, name),
        kind=kind,
        at=at,
        object_ids=(f"{ISSUER}/activities/{activity}",),
        raw=f'{{"id":"{statement_id}","score":{score if score is not None else "null"}}}'.encode(),
        item=item,
        success=success,
        score=score,
    )
