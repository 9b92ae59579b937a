"""The learner page's value: read what is known, let the engine answer, keep the record, put it together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from . import engine, opening, opens, rights
from .catalogue import Catalogue
from .decisions import Decided
from .launch import Launch
from .page import LearnerPage, Shown
from .people import Context, Learner, Profile, Purpose, Source
from .plugins import Plugins
from .proposals import Award, Dismissal, PeerMatch, Situation, SkipReason, Suggestion
from .store import catalogue as catalogue_store
from .store import choices, decisions, events, groups, learners, plugin_values, suggestions, tenants


@dataclass(frozen=True)
class Visit:
    """What is known before the engine is asked.

    :param remembered: whether suggestions to this person may be recorded.
    :param agreed_before: whether the page on consent says more today than when the person agreed.
    """

    situation: Situation
    agreed: frozenset[tuple[Purpose, Source]]
    dismissed: Mapping[str, tuple[Dismissal, datetime]]
    decided: Decided
    remembered: bool
    agreed_before: bool = False


@dataclass(frozen=True)
class Kept:
    """What recording gave back: suggestions as recorded, awards so far, people and groups to learn with.

    :param new: the suggestions that were not recorded before.
    """

    suggestions: tuple[Suggestion, ...] | None = None
    new: tuple[Suggestion, ...] = ()
    awards: tuple[Award, ...] = ()
    peers: tuple[PeerMatch, ...] = ()
    groups: tuple[str, ...] = ()


NOTHING_KEPT = Kept()


def read(
    connection: Connection,
    launch: Launch,
    learner_id: str,
    *,
    catalogue: Catalogue,
    states: Callable[[], Mapping[str, object]],
    now: datetime,
    seed: int,
    minutes: int,
    locale: str,
    answers: Mapping[str, str],
) -> Visit:
    """Read what may be used: for somebody who is not remembered, the launch and the catalogue alone.

    :param states: gives the models' states; asked only when they may be used.
    """
    tenant_id = launch.tenant_id
    context = find_context(connection, launch)
    learner = learners.find(connection, tenant_id, learner_id) if learner_id else None
    agreed = rights.granted(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
    chosen = choices.of_course(connection, tenant_id, context.id)
    decided = Decided.of(
        decisions.applying(connection, tenant_id, context.id, learner_id),
        needs_yes=chosen.needs_yes,
        exploration=chosen.exploration / 100,
    )
    link = opens.opens(launch.custom)
    pool = opens.pool(link, catalogue, context.id)
    stranger = Learner("", tenant_id, launch.roles, locale, opening.answered(Profile(), answers))
    of_tenant, of_learner = plugin_values.of_page(connection, tenant_id, learner_id)
    situation = Situation(
        now=now,
        seed=seed,
        minutes=minutes,
        learner=opens.towards(link, catalogue, replace(learner, locale=locale) if learner else stranger),
        context=context,
        catalogue=catalogue,
        pool=tuple(a.id for a in pool),
        kept=of_tenant,
    )
    sources = {s for p, s in agreed if p is Purpose.SUGGESTIONS}
    if learner is None or not sources:
        return Visit(situation, agreed, {}, decided, remembered=False)
    history = events.history(connection, tenant_id, learner_id)
    return Visit(
        replace(
            situation,
            history=tuple(e for e in history if e.source in sources),
            models=dict(states()),
            kept_of_learner=of_learner,
        ),
        agreed,
        suggestions.dismissals(connection, tenant_id, learner_id, context.id),
        decided,
        remembered=True,
        agreed_before=learners.agreed_before(connection, tenant_id, learner_id),
    )


def find_context(connection: Connection, launch: Launch) -> Context:
    """The course of a launch: by the platform's id, else by the id or title the catalogue gave it.

    A teacher can give a course the title of another. So a title is good only until a first launch bound it
    (``bind_context``); from then on it belongs to that course of the LMS.
    """
    return found_context(connection, launch)[0]


def bind_context(connection: Connection, launch: Launch) -> bool:
    """Bind a course that was found by its title alone to the launch's course; whether that was done now."""
    context, by_title = found_context(connection, launch)
    if not by_title:
        return False
    return catalogue_store.bind_context(connection, launch.tenant_id, context.id, launch.context_key)


def found_context(connection: Connection, launch: Launch) -> tuple[Context, bool]:
    """The course of a launch, and whether nothing but its title says so."""
    keys = [key for key in (launch.context_key, launch.context_key.rpartition("#")[2]) if key]
    known = catalogue_store.contexts_like(connection, launch.tenant_id, keys, launch.context_title)
    for wanted in keys:
        for key, lms_key, context in known:
            if wanted in (key, lms_key):
                return replace(context, title=launch.context_title or context.title), False
    for _, lms_key, context in known:
        if launch.context_title and context.title == launch.context_title and not lms_key:
            return context, bool(launch.context_key)
    unknown = catalogue_store.opaque(launch.tenant_id, "context", launch.context_key)
    return Context(unknown, launch.tenant_id, launch.context_title), False


def keep(connection: Connection, visit: Visit, answer: engine.Answer, plugins: Plugins) -> Kept:
    """Record the suggestions, the estimates and what was earned; find people to learn with.

    Nothing is kept when the person was forgotten, or agreed to something else, since the visit was read.
    """
    situation = answer.situation
    tenant_id, learner_id, now = situation.learner.tenant_id, situation.learner.id, situation.now
    tenants.counters(connection, tenant_id, lock=True)
    agreed = rights.granted(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
    if agreed != visit.agreed or learners.find(connection, tenant_id, learner_id) is None:
        return NOTHING_KEPT
    recorded = suggestions.record(connection, answer.suggestions)
    new = tuple(s for s, made in zip(recorded, answer.suggestions, strict=True) if s is made)
    decisions.keep_waiting(connection, tenant_id, learner_id, situation.context.id, answer.waiting)
    suggestions.keep_mastery(connection, tenant_id, learner_id, situation.mastery.values(), now)
    suggestions.give_awards(connection, tenant_id, learner_id, answer.earned, now)
    awards = tuple(a for a, _ in suggestions.awards(connection, tenant_id, learner_id))
    if not any(purpose is Purpose.PEERS for purpose, _ in visit.agreed):
        return Kept(recorded, new, awards)
    learners.seen_in(connection, tenant_id, situation.context.id, learner_id, now)
    # Who is in a group of the course learns with that group.
    fellows = groups.fellows(connection, tenant_id, situation.context.id, learner_id)
    others = suggestions.peers(connection, tenant_id, situation.context.id, learner_id, among=fellows)
    own = groups.titles(connection, tenant_id, situation.context.id, learner_id)
    own_ref = suggestions.peer_ref(tenant_id, situation.context.id, learner_id)
    found = replace(situation, peers=tuple(others.values()), own_ref=own_ref)
    matches = engine.matches(found, plugins)
    return Kept(recorded, new, awards, matches, own)


def compose(visit: Visit, answer: engine.Answer, kept: Kept, plugins: Plugins) -> LearnerPage:
    """Put everything together for one rendering."""
    situation = answer.situation
    shown = answer.suggestions if kept.suggestions is None else kept.suggestions
    by_id = situation.catalogue.by_id
    return LearnerPage(
        learner=situation.learner,
        context=situation.context,
        catalogue=situation.catalogue,
        now=situation.now,
        minutes=situation.minutes,
        suggestions=tuple(Shown(s, by_id[s.activity_id]) for s in shown if s.dismissal is None),
        reviews=answer.due,
        next_review=answer.next_review,
        mastery=tuple(sorted(situation.mastery.values(), key=lambda m: (-m.answers, m.skill_id))),
        peers=kept.peers,
        groups=kept.groups,
        challenge=(answer.challenge, by_id[answer.challenge.activity_id]) if answer.challenge else None,
        awards=kept.awards,
        questions=engine.questions(situation, plugins),
        sections=engine.sections(situation, plugins),
        pace=situation.pace,
        skipped=tuple(s for s in answer.skipped if s.reason in WORTH_SAYING),
        waiting=len(answer.waiting),
        too_long=sum(s.reason is SkipReason.TIME for s in answer.skipped),
        first_guess=not situation.history,
        agreed=visit.agreed,
        agreed_before=visit.agreed_before,
        uses=frozenset().union(*(s.uses for s in shown)),
    )


WORTH_SAYING = frozenset({SkipReason.DONE, SkipReason.MASTERED})
"""Skips that the page mentions."""
