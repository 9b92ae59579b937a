"""One question, one answer: what should this learner do next, and why?

Collect estimates and votes from the plugins, blend, apply the constraints, draw, explain. Nothing is read
or stored here: given the same situation (its clock and seed are part of it) the answer is the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from . import arms, blend, constraints, ranking
from .catalogue import Activity
from .decisions import NOTHING_DECIDED, Decided
from .evidence import Mastery, Review
from .page import DueReview
from .plans import Goal, Plan, changes
from .plugins import Plugins
from .proposals import (
    Award,
    Candidate,
    Challenge,
    Dismissal,
    PageSection,
    PeerMatch,
    Question,
    Reason,
    Signal,
    Situation,
    Skip,
    Suggestion,
    Team,
    message,
)
from .replanning import latest_result

SECTIONS = 3
REVIEWS_SHOWN = 8
FITS = Reason(message("Because it is a part of this course that you have not done yet."))
PUT_FIRST = Reason(message("Because your teacher put it first in this course."), uses=frozenset({"staff"}))
CHOSEN_INSTEAD = message("Because your teacher chose it here instead of %(activity)s.")
ASKED = Reason(message("Because you asked to take it all the same."), uses=frozenset({"page"}))


@dataclass(frozen=True)
class Answer:
    """Everything the plugins and the engine say of one situation.

    :param waiting: what would be suggested too, had staff said yes to it.
    """

    situation: Situation
    suggestions: tuple[Suggestion, ...]
    waiting: tuple[Suggestion, ...]
    skipped: tuple[Skip, ...]
    due: tuple[DueReview, ...]
    next_review: datetime | None
    challenge: Challenge | None
    earned: tuple[Award, ...]


def estimate(situation: Situation, plugins: Plugins) -> Situation:
    """Fill in mastery, signals and reviews, each from the plugins that know."""
    known = plugins.first("estimate_mastery", situation=situation)
    mastery: dict[str, Mastery] = {m.skill_id: m for m in known.values} if known else {}
    situation = replace(situation, mastery=mastery)
    signals = tuple(s for a in plugins.collect("context_signals", situation=situation) for s in a.values)
    situation = replace(situation, signals=signals)  # before reviews, which keep deadlines
    scheduled = plugins.first("schedule_reviews", situation=situation)
    reviews: tuple[Review, ...] = (
        tuple(sorted(scheduled.values, key=lambda r: (r.due, r.skill_id))) if scheduled else ()
    )
    return replace(situation, reviews=reviews)


def getting_on(situation: Situation, plugins: Plugins) -> Situation:
    """Fill in the risk of stopping and the pace, of somebody who agreed to being remembered."""
    if not situation.history:
        return situation
    risky = plugins.first("stopping_risk", situation=situation)
    situation = replace(situation, risk=risky.values[0] if risky else None)
    described = plugins.first("describe_pace", situation=situation)
    return replace(situation, pace=described.values[0] if described else None)


def suggest(
    situation: Situation,
    plugins: Plugins,
    *,
    dismissed: Mapping[str, tuple[Dismissal, datetime]] | None = None,
    decided: Decided = NOTHING_DECIDED,
    take_anyway: bool = False,
    lighter: bool = True,
) -> Answer:
    """Answer for a situation whose mastery, reviews and signals are still to be estimated.

    :param lighter: whether a pace that asks for less brings less.
    """
    situation = getting_on(estimate(situation, plugins), plugins)
    at_most = situation.pace.at_most if situation.pace and lighter else ranking.AT_MOST

    def allow(*, anyway: bool) -> constraints.Allowed:
        found = constraints.allow(
            situation, dismissed=dismissed or {}, banned=decided.banned, take_anyway=anyway
        )
        return constraints.shortest(found, situation.pace.longest) if situation.pace and lighter else found

    allowed = allow(anyway=False)
    allowed_ids = {a.id for a in allowed.activities}
    first = _by_staff(situation, decided, allowed_ids)
    weighings: tuple[arms.Arm, ...] = ()
    if take_anyway:
        first, voted, reason = [], list[ranking.Ranked](), ASKED
        others = [a for a in allow(anyway=True).activities if a.id not in allowed_ids]
    else:
        left_to_vote = allowed_ids - {r.activity_id for r in first}
        # Of what is not recorded nothing can be learned, so nothing is tried out there.
        exploration = decided.exploration if situation.learner.remembered else 0.0
        voted, weighings = _by_vote(situation, plugins, left_to_vote, exploration)
        reason = FITS
        ranked_ids = {r.activity_id for r in (*first, *voted)}
        others = [a for a in allowed.activities if a.id not in ranked_ids]

    def may(activity_id: str) -> bool:
        return not decided.needs_yes or activity_id in decided.approved

    def ranked(*, yes: bool) -> list[ranking.Ranked]:
        """What strategies voted for, filled up in the course's order; with a yes of staff, or without."""
        found = [r for r in voted if may(r.activity_id) is yes]
        more = [a for a in others if may(a.id) is yes]
        return found + _in_course_order(more[: max(0, ranking.AT_MOST - len(found))], reason)

    generator = ranking.generator_for(situation)
    by = ranking.pick(weighings, generator)
    held = ranking.draw(ranked(yes=False), generator, arms=weighings, by=by)
    chosen = first + ranking.draw(ranked(yes=True), generator, max(0, at_most - len(first)), weighings, by)
    left = set(filter(may, allowed_ids)) - {r.activity_id for r in (*chosen, *held)}
    return Answer(
        situation,
        tuple(_suggestion(situation, r, place) for place, r in enumerate(chosen)),
        tuple(_suggestion(situation, r, place) for place, r in enumerate(held)),
        allowed.skipped,
        _due(situation, decided.banned)[: at_most if at_most < ranking.AT_MOST else None],
        next((r.due for r in situation.reviews if r.due > situation.now), None),
        _challenge(situation, plugins, left),
        _earned(situation, plugins),
    )


def plan(
    situation: Situation, goal: Goal, plugins: Plugins, *, before: Situation | None = None
) -> Plan | None:
    """The path to a goal, and how it differs from before the latest result; None when nobody plans.

    Both situations are still to be estimated.

    :param before: the same situation without its latest result; None when there is none.
    """

    def planned(which: Situation) -> Plan | None:
        said = plugins.first("plan_path", situation=estimate(which, plugins), goal=goal)
        found: Plan | None = said.values[0] if said else None
        pool = frozenset(which.pool)
        unknown = found and any(s.activity_id and s.activity_id not in pool for s in found.steps)
        return None if unknown else found

    now = planned(situation)
    earlier = planned(before) if now is not None and before is not None else None
    if now is None or earlier is None:
        return now
    done = frozenset(constraints.done(situation.history))
    return replace(now, changes=changes(earlier, now, done), after=latest_result(situation))


def rank(situation: Situation, plugins: Plugins) -> list[ranking.Ranked]:
    """What the strategies make of a situation, best first, before staff and the draw; for benches."""
    situation = estimate(situation, plugins)
    allowed = constraints.allow(situation, dismissed={}, banned=())
    return _by_vote(situation, plugins, {a.id for a in allowed.activities}, 0.0)[0]


def field(
    situation: Situation,
    plugins: Plugins,
    *,
    dismissed: Mapping[str, tuple[Dismissal, datetime]] | None = None,
    decided: Decided = NOTHING_DECIDED,
) -> list[ranking.Ranked]:
    """What takes part in the draw by the learned weights, best first; without what staff put first."""
    situation = estimate(situation, plugins)
    allowed = constraints.allow(situation, dismissed=dismissed or {}, banned=decided.banned).activities
    first = {r.activity_id for r in _by_staff(situation, decided, {a.id for a in allowed})}
    may = [a for a in allowed if a.id not in first and (not decided.needs_yes or a.id in decided.approved)]
    voted, _ = _by_vote(situation, plugins, {a.id for a in may}, 0.0)
    found = [replace(r, value=r.by_arm[0], by_arm=()) for r in voted]
    others = [a for a in may if a.id not in {r.activity_id for r in voted}]
    return found + _in_course_order(others[: max(0, ranking.AT_MOST - len(found))], FITS)


def _by_staff(situation: Situation, decided: Decided, allowed: Collection[str]) -> list[ranking.Ranked]:
    """What staff put first or chose instead of something else, where it fits: no chance is involved."""
    reasons = dict.fromkeys(decided.pinned, PUT_FIRST)
    finished = constraints.done(situation.history)
    for old, new in decided.instead.items():
        if old in situation.pool and old not in finished:
            reasons[new] = Reason(CHOSEN_INSTEAD, {"activity": old}, uses=frozenset({"staff"}))
    fitting = [(i, reason) for i, reason in reasons.items() if i in allowed][: ranking.AT_MOST]
    return [ranking.Ranked(i, 1.0, (), (reason,), reason.uses) for i, reason in fitting]


def _from_signals(situation: Situation, allowed: Collection[str]) -> dict[str, tuple[Candidate, ...]]:
    """Turn what matters around the learner into votes for activities that teach it."""
    weights: dict[str, Signal] = {}
    for signal in situation.signals:
        for skill_id in signal.skills:
            if skill_id not in weights or weights[skill_id].weight < signal.weight:
                weights[skill_id] = signal
    if not weights:
        return {}
    found = []
    for activity_id in allowed:
        concerned = [weights[s] for s in situation.catalogue.by_id[activity_id].skill_ids if s in weights]
        if concerned:
            best = max(concerned, key=lambda s: s.weight)
            found.append(Candidate(activity_id, best.weight, (best.reason,) if best.reason else ()))
    return {"signals": tuple(found)}


def _by_vote(
    situation: Situation, plugins: Plugins, allowed: Collection[str], exploration: float
) -> tuple[list[ranking.Ranked], tuple[arms.Arm, ...]]:
    """What the strategies make of the allowed activities, best first, and the ways of weighing them.

    Empty when all of them are silent.
    """
    votes: dict[str, tuple[Candidate, ...]] = {
        a.plugin: a.values
        for a in plugins.collect("candidates", situation=situation)
        if any(not c.abstains for c in a.values)
    }
    votes |= _from_signals(situation, allowed)
    state, moment = situation.models.get("blend"), arms.moment(situation.history)
    weighings = blend.policy(state, votes, moment, exploration)
    return ranking.blend(votes, weighings[0].weights, allowed, weighings), weighings


def _in_course_order(activities: Sequence[Activity], reason: Reason) -> list[ranking.Ranked]:
    """What to show where no strategy has anything to say: the course as its teacher ordered it.

    The values lie far enough apart that the draw keeps this order, and below anything a strategy voted for.
    """
    return [
        ranking.Ranked(a.id, -1.0 - n, (), (reason,), reason.uses)
        for n, a in enumerate(activities[: ranking.AT_MOST])
    ]


def _suggestion(situation: Situation, ranked: ranking.Ranked, place: int) -> Suggestion:
    return Suggestion(
        id=ranking.suggestion_id(situation, ranked, place),
        tenant_id=situation.learner.tenant_id,
        learner_id=situation.learner.id,
        context_id=situation.context.id,
        activity_id=ranked.activity_id,
        at=situation.now,
        position=place,
        value=ranked.value,
        propensity=ranked.propensity,
        votes=ranked.votes,
        reasons=ranked.reasons or (FITS,),
        uses=ranked.uses,
        minutes_asked=situation.minutes,
        locale=situation.learner.locale,
        moment=arms.moment(situation.history) if ranked.votes else "",
        ratios=ranked.ratios,
    )


def _due(situation: Situation, banned: Collection[str]) -> tuple[DueReview, ...]:
    """Reviews that fall due before the day ends, most forgotten first."""
    tomorrow = situation.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    due = sorted(
        (r for r in situation.reviews if r.due < tomorrow),
        key=lambda r: (r.retrievability, r.due, r.skill_id),
    )
    pool = frozenset(situation.pool)
    met = {e.activity_id for e in situation.history} & pool - frozenset(banned)
    exercises = [
        a
        for a in map(situation.catalogue.by_id.get, sorted(met))
        if a and a.media_type in ("quiz", "exercise") and 0 < a.minutes <= situation.minutes
    ]
    return tuple(
        DueReview(r.skill_id, r.due, r.minutes, _review_with(situation, r, exercises))
        for r in due[:REVIEWS_SHOWN]
    )


def _review_with(situation: Situation, review: Review, exercises: Sequence[Activity]) -> Activity | None:
    """The shortest exercise of that skill the learner has met; None leaves a self-check on the page."""
    if review.activity_id:
        return situation.catalogue.by_id.get(review.activity_id)
    fitting = [a for a in exercises if review.skill_id in a.skill_ids]
    return min(fitting, key=lambda a: (a.minutes, a.position, a.id), default=None)


def _challenge(situation: Situation, plugins: Plugins, left: Collection[str]) -> Challenge | None:
    """One challenge among what may be suggested and is not on the page already."""
    others = replace(situation, pool=tuple(i for i in situation.pool if i in left))
    described = plugins.first("describe_motivation", situation=others)
    if described is None:
        return None
    proposed = plugins.first("next_challenge", situation=others, motivation=described.values[0])
    challenge: Challenge | None = proposed.values[0] if proposed else None
    return challenge if challenge is not None and challenge.activity_id in left else None


def _earned(situation: Situation, plugins: Plugins) -> tuple[Award, ...]:
    """What a remembered learner has achieved, whether given already or not."""
    if not situation.learner.remembered:
        return ()
    return tuple(a for said in plugins.collect("award", situation=situation) for a in said.values)


def questions(situation: Situation, plugins: Plugins) -> tuple[Question, ...]:
    """At most three opening questions."""
    asked = plugins.first("opening_questions", situation=situation)
    return asked.values[:3] if asked else ()


def sections(situation: Situation, plugins: Plugins) -> tuple[PageSection, ...]:
    """Boxes that plugins add to the page."""
    return tuple(s for a in plugins.collect("page_sections", situation=situation) for s in a.values)[
        :SECTIONS
    ]


def teams(situation: Situation, size: int, plugins: Plugins) -> tuple[Team, ...]:
    """Teams of about ``size`` people, each of ``situation.peers`` in one at most."""
    formed = plugins.first("form_teams", situation=situation, size=size)
    left = {p.ref for p in situation.peers}
    found = []
    for team in formed.values if formed else ():
        if left.issuperset(team.refs) and len(set(team.refs)) == len(team.refs):
            left -= set(team.refs)
            found.append(team)
    return tuple(found)


def matches(situation: Situation, plugins: Plugins) -> tuple[PeerMatch, ...]:
    """People to learn with, from ``situation.peers`` only."""
    if not situation.peers:
        return ()
    matched = plugins.first("match_peers", situation=situation)
    refs = {p.ref for p in situation.peers}
    return tuple(m for m in matched.values if m.ref in refs) if matched else ()
