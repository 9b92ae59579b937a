"""What strategies propose and the learner is shown: candidates, reasons, suggestions, challenges, peers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from .catalogue import Catalogue
from .evidence import Event, Mastery, Review
from .people import Context, Learner

Value = str | int | float


def message(text: str) -> str:
    """Mark a sentence for translation and return it unchanged (the extraction keyword for reasons)."""
    return text


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is proposed: a whole sentence in English, beginning with "Because", with named places.

    The sentence is the translation key; values fill the places after translation. A value whose name starts
    with ``skill`` or ``activity`` is an id, and is shown by its title.

    :param text: e.g. ``message("Because you missed %(missed)d of %(total)d questions on %(skill)s.")``.
    :param values: what fills the places.
    :param evidence: ids of the events it rests on, newest first; may be empty.
    :param uses: data sources it rests on: any of ``launch``, ``catalogue``, ``statements``, ``page``,
        ``group``, ``staff``.
    :param count: when given, ``plural`` is used unless the locale's plural rule for ``count`` says singular.
    """

    text: str
    values: Mapping[str, Value] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    uses: frozenset[str] = frozenset({"catalogue"})
    plural: str = ""
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One strategy's vote for one activity.

    :param score: 0..1, comparable within the strategy; the blend weighs strategies against each other.
    :param abstains: True when the strategy cannot know this activity, such as one that nobody has done yet:
        the others speak alone, and ``score`` counts for nothing. Silence says: not worth a vote.
    """

    activity_id: str
    score: float
    reasons: tuple[Reason, ...] = ()
    abstains: bool = False


class Outcome(StrEnum):
    """What came of a suggestion; later members never give way to earlier ones."""

    SHOWN = "shown"
    DISMISSED = "dismissed"
    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"
    PASSED = "passed"


class Dismissal(StrEnum):
    """Why a learner says "not for me"."""

    KNOWN = "known"
    TOO_HARD = "too-hard"
    NOT_RELEVANT = "not-relevant"
    NOT_NOW = "not-now"
    FORMAT = "format"


@dataclass(frozen=True, slots=True)
class Vote:
    """One strategy's part in a suggestion, as recorded.

    :param weight: the strategy's weight in the blend, the weights of all strategies sum to 1.
    """

    strategy: str
    score: float
    weight: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggestion and its record.

    :param id: opaque; the same state, clock day and seed give the same id.
    :param position: place on the page, from 0.
    :param value: blended score in 0..1, or below 0 for what no strategy voted for and the course's order
        brought; for the record, never shown.
    :param propensity: probability in (0, 1] with which this activity got this place, given those above it.
    :param votes: every strategy that voted for it.
    :param reasons: at most two, the strongest first; with ``locale`` they are the sentences that were shown.
    :param uses: union of the data sources behind the votes.
    :param minutes_asked: the time budget it was made for.
    :param locale: the language the page was first shown in.
    :param moment: how much of a history it was made from (see ``arms.moment``); "" where nothing is learned
        from what comes of it.
    :param ratios: arm of the blend to how much likelier it would have given the activity this place, given
        those above it, than the page did; at most 10.
    """

    id: str
    tenant_id: str
    learner_id: str
    context_id: str
    activity_id: str
    at: datetime
    position: int
    value: float
    propensity: float
    votes: tuple[Vote, ...]
    reasons: tuple[Reason, ...]
    uses: frozenset[str]
    minutes_asked: int
    locale: str = "en"
    outcome: Outcome = Outcome.SHOWN
    outcome_at: datetime | None = None
    dismissal: Dismissal | None = None
    moment: str = ""
    ratios: Mapping[str, float] = field(default_factory=dict)


class SkipReason(StrEnum):
    """Why the engine left an activity out."""

    DONE = "done"
    MASTERED = "mastered"
    PREREQUISITE = "prerequisite"
    TIME = "time"
    DISMISSED = "dismissed"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class Skip:
    """An activity the engine left out, and why.

    :param at: when the learner showed it, where that is the reason.
    """

    activity_id: str
    reason: SkipReason
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """Something about the learner's surroundings, from a context-signals plugin.

    :param kind: e.g. ``meeting``, ``project``, ``new-duty``, ``free-slot``.
    :param skills: skills it makes more relevant, may be empty.
    :param weight: 0..1, how much.
    :param reason: shown when a suggestion rests on it.
    """

    kind: str
    start: datetime
    end: datetime | None = None
    skills: tuple[str, ...] = ()
    weight: float = 0.5
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """Another learner in the same context who agreed to be found.

    :param ref: not the learner's id; the same for everybody in this context.
    :param solo, helps: what the person said, as in ``Profile``.
    """

    ref: str
    mastery: Mapping[str, Mastery]
    solo: bool | None = None
    helps: int | None = None


@dataclass(frozen=True, slots=True)
class PeerMatch:
    """A proposal to learn together: who, what they could give, what they could use."""

    ref: str
    gives: tuple[str, ...]
    needs: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Team:
    """People proposed as a team for a task.

    :param refs: of ``situation.peers``.
    :param covers: skills in which somebody in it is likely strong.
    """

    refs: tuple[str, ...]
    covers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Motivation:
    """How a learner likes to work, from behaviour and from what they say. Never from biometric signals.

    :param solo: True alone, False in a team, None not known.
    :param edge: wished probability of success of the next challenge, 0..1.
    :param reason: said on the page where the challenge is.
    """

    solo: bool | None = None
    edge: float = 0.7
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Challenge:
    """Something to try, at the edge of what the learner can do.

    :param team: whether it is to be done with others.
    :param expected: probability of success, 0..1.
    """

    activity_id: str
    team: bool
    expected: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class Award:
    """Something achieved; given once per learner and ``key``."""

    key: str
    title: str
    reason: Reason
    skill_id: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A short question asked when nothing is known yet.

    :param key: ``level:<skill id>``, ``goal`` or ``role``: which part of the profile the answer sets.
    :param text: whole sentence, marked with ``message``; values as in ``Reason``.
    :param choices: (value, label) pairs; empty means free text.
    """

    key: str
    text: str
    values: Mapping[str, Value] = field(default_factory=dict)
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PageSection:
    """A small box a plugin adds to the learner page: text only, the page draws it.

    :param link: (label, https address), or None.
    :param values: what fills the places of the paragraphs after translation, as in ``Reason``; a value whose
        name starts with ``medium`` is a media type, and is shown by its name.
    """

    title: str
    paragraphs: tuple[str, ...]
    link: tuple[str, str] | None = None
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Risk:
    """How likely a learner is to stop: to leave undone what the others in the course go on to do.

    Shown to nobody but the learner, and to them as its reason, not as a number.

    :param probability: 0..1.
    :param usual: what it is on average for those who are there now, 0..1.
    :param reason: what raises it most that the learner can do something about; None when nothing does.
    """

    probability: float
    usual: float
    reason: Reason | None = None


class PaceKind(StrEnum):
    """How a learner is getting on, as their own page says it."""

    STEADY = "steady"
    FLOW = "flow"
    """Things go well right now: nothing interrupts."""
    TIRING = "tiring"
    """Results fall within this sitting: a pause is proposed."""
    OVERLOAD = "overload"
    """Much work, and results fall: a lighter day is offered."""
    WANING = "waning"
    """Less than before, by what was done or said: whether the goal is still right is asked."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a learner is getting on, told to them and to nobody else, with the rule it comes from.

    Never from biometric signals.

    :param reason: what was seen; None only when steady or in flow.
    :param rule: how it is worked out, a whole sentence marked with ``message``; values as in ``Reason``.
    :param at_most: how many suggestions to show, 1..5.
    :param longest: minutes of the longest that is suggested while something as short fits; 0 for any. Nothing
        of the pace is in a suggestion's record, which staff may see.
    :param check_in: whether to ask now how it goes.
    """

    kind: PaceKind
    reason: Reason | None = None
    rule: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    at_most: int = 5
    longest: int = 0
    check_in: bool = False


@dataclass(frozen=True)
class Situation:
    """Everything a strategy may know when it is asked: one learner, one context, one moment.

    :param now: timezone-aware UTC. Strategies use this clock and no other.
    :param seed: the only source of chance.
    :param minutes: the learner's time at hand.
    :param catalogue: all activities of the tenant.
    :param pool: the ids a suggestion may come from (this context's activities), in course order.
    :param history: the learner's events, newest first, at most 300; empty without consent.
    :param mastery: skill id to estimate; empty while estimates are being made.
    :param reviews: reviews by skill, due first; empty while they are being scheduled.
    :param signals: from context-signals plugins.
    :param risk: of stopping; None when nothing can be said.
    :param pace: how the learner is getting on; None when nothing can be said.
    :param models: model name to its current state, read only (see ``LearnedModel``).
    :param peers: people who agreed to be found; filled only for peer matching.
    :param own_ref: the ``ref`` by which these people find this learner; filled only then, too.
    :param settings: those of the plugin that is asked, as its ``settings_schema`` reads them; empty without
        one.
    :param kept: what the jobs of the plugin that is asked keep of the tenant, by key.
    :param kept_of_learner: what they keep of this learner; empty without consent.
    """

    now: datetime
    seed: int
    minutes: int
    learner: Learner
    context: Context
    catalogue: Catalogue
    pool: tuple[str, ...]
    history: tuple[Event, ...] = ()
    mastery: Mapping[str, Mastery] = field(default_factory=dict)
    reviews: tuple[Review, ...] = ()
    signals: tuple[Signal, ...] = ()
    risk: Risk | None = None
    pace: Pace | None = None
    models: Mapping[str, object] = field(default_factory=dict)
    peers: tuple[Peer, ...] = ()
    own_ref: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    kept: Mapping[str, Any] = field(default_factory=dict)
    kept_of_learner: Mapping[str, Any] = field(default_factory=dict)
