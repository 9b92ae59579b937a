"""Peer strategy: who in the same course is proposed to whom, so that all gain most and nobody is overrun.

A strength is stated only where it is likely: the whole 80 % interval of the one lies above that of the other,
both from results and not from what they said of themselves. Everybody who asks is answered from the same
matching of all people found, so how often somebody is proposed is known, and kept to what they agreed to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

import numpy as np
from marshmallow import Schema, fields, validate

from ... import (
    Manifest,
    Mastery,
    Peer,
    PeerMatch,
    Purpose,
    Reads,
    Situation,
    Team,
    hookimpl,
    message,
    once_started,
)
from ..settings import of
from . import teams
from .matching import NAMED, People, assign, gains

# 0.1 s, for assignments; the first page with peers should find it loaded.
once_started(lambda: import_module("scipy.optimize"))


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator, and a tenant, may change.

    :param helps: to how many at a time somebody is proposed who said nothing about that.
    """

    helps: int = 2


USUAL = Settings()


class SettingsSchema(Schema):
    """``Settings`` as they are given."""

    helps = fields.Integer(
        strict=True,
        load_default=USUAL.helps,
        validate=validate.Range(0, 10),
        metadata={
            "title": message("Proposals per helper"),
            "description": message(
                "To how many others at a time somebody is proposed as a helper who said nothing about that."
            ),
        },
    )


@hookimpl
def manifest() -> Manifest:
    """What this plugin needs."""
    return Manifest(
        about=message(
            "Finds people who complement each other, and forms teams, among those who agreed to be found."
        ),
        purposes=frozenset({Purpose.SUGGESTIONS, Purpose.PEERS}),
        reads=frozenset({Reads.PROFILE, Reads.ESTIMATES}),
        languages=("en", "da", "de"),
    )


@hookimpl
def settings_schema() -> type[Schema]:
    """What can be set."""
    return SettingsSchema


def course_skills(situation: Situation) -> list[str]:
    """The skills of this course, else of what the page is about; the same for everybody in the course."""
    activities = situation.catalogue.in_context(situation.context.id) or tuple(
        situation.catalogue.by_id[name] for name in situation.pool if name in situation.catalogue.by_id
    )
    return sorted({skill for activity in activities for skill in activity.skill_ids})


def people(everybody: Sequence[Peer], skills: Sequence[str], helps: int) -> People:
    """Everybody as arrays: a skill without a result of theirs is unknown, whatever they said of themselves.

    :param helps: for whoever said nothing about it. Who likes to work alone is left in peace.
    """
    low = np.full((len(everybody), len(skills)), np.nan)
    high, mean = np.full_like(low, np.nan), np.full_like(low, np.nan)
    for row, person in enumerate(everybody):
        for column, skill in enumerate(skills):
            known = person.mastery.get(skill)
            if known is not None and known.answers:
                low[row, column], high[row, column], mean[row, column] = known.low, known.high, known.mean
    limits = [0 if p.solo else helps if p.helps is None else p.helps for p in everybody]
    alone = np.array([bool(p.solo) for p in everybody])
    return People(tuple(p.ref for p in everybody), mean, low, high, np.array(limits), alone)


def named(mine: Sequence[Mastery | None], theirs: Sequence[Mastery | None]) -> tuple[str, ...]:
    """Skills in which the first is likely the stronger, the clearest first."""
    clear = [
        (a.mean - b.mean, a.skill_id)
        for a, b in zip(mine, theirs, strict=True)
        if a and b and a.answers and b.answers and a.low > b.high
    ]
    return tuple(skill for _, skill in sorted(clear, key=lambda found: (-found[0], found[1])))


@hookimpl
def match_peers(situation: Situation) -> Sequence[PeerMatch]:
    """Whom this learner is proposed to ask, at most one, and who is proposed to ask them, within limits.

    The one to ask comes first. A match without ``gives`` is somebody who could use this learner's help.
    """
    profile = situation.learner.profile
    me = Peer(situation.own_ref, situation.mastery, profile.solo, profile.helps)
    everybody = sorted((me, *situation.peers), key=lambda p: p.ref)
    skills = course_skills(situation)
    found = people(everybody, skills, of(Settings, situation).helps)
    value = gains(found)
    asks = assign(found, value, situation.seed)
    own = everybody.index(me)
    matches = []
    for n, other in enumerate(everybody):
        if n == own or (asks[own] != n and asks[n] != own):
            continue
        mine = [situation.mastery.get(skill) for skill in skills]
        theirs = [other.mastery.get(skill) for skill in skills]
        # Who asks this learner is not proposed by that: only what they need is told.
        gives = named(theirs, mine) if asks[own] == n else ()
        needs = named(mine, theirs)
        score = float(value[own, n] or value[n, own])
        matches.append((asks[own] != n, PeerMatch(other.ref, gives[:NAMED], needs[:NAMED], score)))
    return [match for _, match in sorted(matches, key=lambda pair: (pair[0], -pair[1].score, pair[1].ref))]


@hookimpl
def form_teams(situation: Situation, size: int) -> Sequence[Team]:
    """Teams of about ``size`` of those who do not like to work alone, each with somebody for every skill."""
    skills = course_skills(situation)
    everybody = sorted((p for p in situation.peers if not p.solo), key=lambda p: p.ref)
    if not skills or size < 2 or len(everybody) < size:
        return ()
    low = np.nan_to_num(people(everybody, skills, 0).low)
    return [
        Team(
            tuple(everybody[n].ref for n in team),
            tuple(skill for skill, there in zip(skills, teams.covered(low, team), strict=True) if there),
        )
        for team in teams.form(low, size)
    ]
