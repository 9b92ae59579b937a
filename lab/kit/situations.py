"""Situations to try a plugin with: ordinary ones, empty ones, huge ones, and those Hypothesis thinks of.

They are made of small numbers, so that what Hypothesis finds shrinks to something a person can read. People
and words in them are planted: where they turn up in a log, the plugin put them there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ...core.catalogue import Activity, Catalogue, Level, Skill, SkillLevel
from ...core.evidence import Event, EventKind, Mastery, Review
from ...core.learned import LearnedModel
from ...core.people import Context, Depth, Learner, Profile
from ...core.plans import Goal
from ...core.proposals import Motivation, Peer, Signal, Situation

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HUGE = 2_000
PLANTED_ROLE = "quokkawrangler"
"""Stands in what learners say of themselves; no plugin has another reason to write it."""
KINDS = tuple(EventKind)
MEDIA = ("text", "video", "exercise", "quiz")
WORDS = ("table", "query", "valve", "budget", "survey", "sample")


def catalogue(size: int, skills: int, tenant: str = "tenant-a") -> Catalogue:
    """``size`` activities over ``skills`` skills, in two courses; ids say which tenant they belong to."""
    known = {
        f"{tenant}.s{n}": Skill(f"{tenant}.s{n}", tenant, f"Skill {n}", (WORDS[n % len(WORDS)],))
        for n in range(skills)
    }
    ids = list(known)
    activities = tuple(
        Activity(
            id=f"{tenant}.a{n}",
            tenant_id=tenant,
            key=f"a{n}",
            title=f"Activity {n} about a {WORDS[n % len(WORDS)]}",
            text=" ".join(WORDS[(n + k) % len(WORDS)] for k in range(4)),
            language="en",
            media_type=MEDIA[n % len(MEDIA)],
            minutes=(n * 7) % 45,
            skills=(SkillLevel(ids[n % skills], Level(n % 3 + 1)),) if skills else (),
            prerequisites=(f"{tenant}.a{n - 1}",) if n % 5 == 4 else (),
            difficulty=None if n % 4 == 0 else (n % 10) / 10,
            context_ids=(f"{tenant}.c{n % 2}",),
            position=n,
        )
        for n in range(size)
    )
    return Catalogue(tenant, f"{size}-{skills}", activities, known)


def event(n: int, about: Catalogue, draw: Sequence[int], learner: str) -> Event:
    """One event; numbers beyond the catalogue name activities and skills that nobody knows (any more)."""
    kind, which, result, item = draw
    tenant = about.tenant_id
    activity = about.by_id.get(f"{tenant}.a{which}")
    return Event(
        id=f"{tenant}.{learner}.e{n}",
        tenant_id=tenant,
        learner_id=learner,
        kind=KINDS[kind % len(KINDS)],
        at=NOW - timedelta(hours=7 * (n + 1)),
        activity_id=f"{tenant}.a{which}",
        context_id=f"{tenant}.c{which % 2}",
        skills=activity.skill_ids if activity else (f"{tenant}.s{which}",),
        item=f"i{item}",
        success=None if result == 0 else result > 2,
        score=None if result == 0 else (result - 1) / 4,
        minutes=float(which % 30) if result else None,
    )


@st.composite
def situations(draw: Any, models: Sequence[LearnedModel] = (), tenant: str = "tenant-a") -> Situation:
    """Any situation that the host could ask about; smallest: an empty course and a stranger."""
    small = st.integers(0, 6)
    size, skills = draw(st.integers(0, 12)), draw(st.integers(0, 4))
    about = catalogue(size, skills, tenant)
    rows = st.tuples(st.integers(0, len(KINDS) - 1), st.integers(0, 14), st.integers(0, 5), small)
    learner = f"{tenant}.learner-zero"
    history = tuple(event(n, about, row, learner) for n, row in enumerate(draw(st.lists(rows, max_size=8))))
    others = tuple(
        event(n, about, row, f"{tenant}.learner-{n % 3 + 1}")
        for n, row in enumerate(draw(st.lists(rows, max_size=6)) if models else ())
    )
    remembered = draw(st.booleans()) or bool(history)
    some_skill = st.integers(0, 5).map(lambda n: f"{tenant}.s{n}")
    share = st.integers(0, 10).map(lambda n: n / 10)
    profile = Profile(
        goals=tuple(draw(st.lists(some_skill, max_size=2, unique=True))),
        stated_levels=draw(st.dictionaries(some_skill, share, max_size=2)),
        solo=draw(st.sampled_from((None, True, False))),
        media=tuple(draw(st.lists(st.sampled_from(MEDIA), max_size=2, unique=True))),
        role=draw(st.sampled_from(("", PLANTED_ROLE))),
        depth=draw(st.sampled_from((None, *Depth))),
        helps=draw(st.sampled_from((None, 0, 2))),
    )
    pool = tuple(a.id for a in about if draw(st.booleans())) if size else ()
    return Situation(
        now=NOW,
        seed=draw(small),
        minutes=draw(st.sampled_from((0, 5, 30, 600))),
        learner=Learner(learner if remembered else "", tenant, profile=profile),
        context=Context(f"{tenant}.c0", tenant, "A course"),
        catalogue=about,
        pool=pool,
        history=history,
        mastery={s: _mastery(s, draw(share), draw(small)) for s in about.skills if draw(st.booleans())},
        reviews=tuple(
            Review(s, NOW + timedelta(days=draw(small) - 3), draw(share))
            for s in about.skills
            if draw(st.booleans())
        ),
        signals=tuple(
            Signal("meeting", NOW + timedelta(days=n), skills=(f"{tenant}.s{n}",), weight=n / 10)
            for n in draw(st.lists(st.integers(0, 5), max_size=2))
        ),
        models=folded(models, (*history, *others) if remembered else others),
        peers=tuple(
            Peer(
                f"peer-{n}",
                {s: _mastery(s, draw(share), 3) for s in about.skills},
                draw(st.sampled_from((None, True))),
                2,
            )
            for n in range(draw(st.integers(0, 3)))
        ),
        own_ref="peer-own",
    )


def _mastery(skill: str, mean: float, answers: int) -> Mastery:
    return Mastery(skill, mean, max(0.0, mean - 0.1), min(1.0, mean + 0.1), answers)


def folded(models: Sequence[LearnedModel], events: Sequence[Event]) -> Mapping[str, object]:
    """Each model's state after these events, oldest first."""
    states: dict[str, object] = {}
    for model in models:
        state = model.empty()
        for each in sorted(events, key=lambda e: (e.at, e.id)):
            state = model.fold(state, each)
        states[model.name] = state
    return states


def large(models: Sequence[LearnedModel], size: int = HUGE, learners: int = 60) -> Situation:
    """A tenant with ``size`` activities and ``learners`` people, each with 50 events."""
    about, chance = catalogue(size, max(1, size // 10)), np.random.default_rng(5)
    events: list[Event] = []
    for person in range(learners):
        rows = chance.integers(0, (len(KINDS), max(1, size), 6, 20), (50, 4)).tolist()
        events += [event(n, about, row, f"tenant-a.learner-{person or 'zero'}") for n, row in enumerate(rows)]
    mine = tuple(e for e in events if e.learner_id == "tenant-a.learner-zero")
    return Situation(
        now=NOW,
        seed=1,
        minutes=30,
        learner=Learner(
            "tenant-a.learner-zero",
            "tenant-a",
            profile=Profile(goals=tuple(about.skills)[:3], role=PLANTED_ROLE, media=("video",)),
        ),
        context=Context("tenant-a.c0", "tenant-a", "A course"),
        catalogue=about,
        pool=tuple(a.id for a in about),
        history=mine,
        mastery={s: _mastery(s, (n % 10) / 10, n) for n, s in enumerate(about.skills)},
        reviews=tuple(Review(s, NOW, 0.8) for s in tuple(about.skills)[:50]),
        signals=(Signal("meeting", NOW + timedelta(days=1), skills=tuple(about.skills)[:2], weight=0.7),),
        models=folded(models, events),
        peers=tuple(
            Peer(f"peer-{n}", {s: _mastery(s, 0.5, 3) for s in tuple(about.skills)[:20]}) for n in range(40)
        ),
        own_ref="peer-own",
    )


def arguments(hook: str, situation: Situation) -> dict[str, Any]:
    """What the host would pass to a hook in this situation."""
    goals = [
        SkillLevel(s, Level.ADVANCED)
        for s in situation.learner.profile.goals
        if s in situation.catalogue.skills
    ]
    if hook == "plan_path":
        return {"situation": situation, "goal": Goal(tuple(goals))}
    if hook == "form_teams":
        return {"situation": situation, "size": 3}
    if hook == "next_challenge":
        return {"situation": situation, "motivation": Motivation(edge=0.7)}
    if hook == "tag_activity":
        first = next(iter(situation.catalogue), None) or Activity("tenant-a.a0", "tenant-a", "a0", "")
        return {"activity": first, "skills": situation.catalogue.skills}
    if hook == "learner_forgotten":
        return {"tenant_id": situation.learner.tenant_id, "learner_id": situation.learner.id}
    return {"situation": situation}


def _done(event: Event) -> str:
    result = "" if event.result is None else f" with {event.result:g}"
    return f"{event.kind} {event.activity_id}{result}"


def in_words(situation: Situation) -> str:
    """A situation for somebody who has to mend something: what it has, short."""
    profile = situation.learner.profile
    parts = [
        f"activities: {len(situation.catalogue.activities)}, in the pool: {len(situation.pool)}",
        f"skills: {len(situation.catalogue.skills)}",
        "a learner who is remembered" if situation.learner.remembered else "a stranger",
        f"{situation.minutes} minutes",
    ]
    if situation.history:
        parts.append(
            "history "
            + "; ".join(_done(e) for e in situation.history[:3])
            + (f"; and {len(situation.history) - 3} more" if len(situation.history) > 3 else "")
        )
    if profile.goals:
        parts.append("goals " + " ".join(profile.goals))
    if situation.mastery:
        parts.append(
            "mastery of "
            + " ".join([*list(situation.mastery)[:3], *(["…"] if len(situation.mastery) > 3 else [])])
        )
    if situation.peers:
        parts.append(f"peers: {len(situation.peers)}")
    return ", ".join(parts)
