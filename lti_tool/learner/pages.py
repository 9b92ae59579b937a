"""The learner's pages, all under ``/learn/<visit>/``: suggestions, why, reviews, opening questions, language.

Every handler asks the core once and renders what it gets; what is stored about a person has its own module,
``learner_data``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Protocol, TypeVar, cast

from flask import Blueprint, Response, g, redirect, request, url_for

from ...core.access import STAFF, Act, may
from ...core.errors import InvalidInput, NotFound
from ...core.opens import activity as linked_activity
from ...core.opens import opens
from ...core.page import TIME_BUDGETS, LearnerPage, Shown
from ...core.people import Purpose, Source
from ...core.proposals import Dismissal, Question, SkipReason
from .. import start, words
from ..rendering import LANGUAGES, formatting_locale
from ..visiting import changed, core, current, go_to, show
from . import check_in, path, start_links
from . import data as learner_data

log = logging.getLogger(__name__)

ANSWERS = frozenset({"goal", "role", "solo", "media"})
"""Keys of opening questions, besides ``level:<skill>``."""
LONGEST_ANSWER = 200
"""Characters kept of a free answer."""
REVIEWS = 5
"""Reviews that the page lists."""
BANDS = 7
"""Skills that the page draws; the table below them holds all."""


def blueprint() -> Blueprint:
    """The routes; ``visit_id`` is taken from the address and put back into every link."""
    routes = Blueprint("learner", __name__, url_prefix="/learn/<visit_id>")
    routes.url_value_preprocessor(_take_visit_id)
    routes.url_defaults(_give_visit_id)
    routes.add_url_rule("/", "page", page)
    routes.add_url_rule("/answers", "answers", answers, methods=["POST"])
    routes.add_url_rule("/go/<suggestion_id>", "go", go)
    routes.add_url_rule("/dismiss/<suggestion_id>", "dismiss", dismiss, methods=["POST"])
    routes.add_url_rule("/undo/<suggestion_id>", "undo", undo, methods=["POST"])
    routes.add_url_rule("/why/<suggestion_id>", "why", why)
    routes.add_url_rule("/activity", "activity", activity)
    routes.add_url_rule("/review", "reviews", reviews)
    routes.add_url_rule("/review/<skill_id>", "review", review)
    routes.add_url_rule("/review/<skill_id>", "answer_review", answer_review, methods=["POST"])
    routes.add_url_rule("/language/<tag>", "language", language)
    learner_data.add_routes(routes)
    check_in.add_routes(routes)
    path.add_routes(routes)
    return routes


def _take_visit_id(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.visit_id = (values or {}).pop("visit_id", "")


def _give_visit_id(_endpoint: str, values: dict[str, Any]) -> None:
    values.setdefault("visit_id", g.get("visit_id", ""))


# --- the page ---------------------------------------------------------------------------------------


def page() -> Response:
    """The page itself. ``minutes`` and ``anyway`` (take what was skipped) come with the address."""
    here = current()
    minutes = request.args.get("minutes", here.minutes, type=int)
    if minutes not in TIME_BUDGETS:
        minutes = here.minutes
    anyway = request.args.get("anyway") == "1"
    lighter = request.args.get("lighter") != "0"
    shown = _look(minutes=minutes, anyway=anyway, lighter=lighter)
    skills = shown.catalogue.skills
    unknown = not_yet_known(shown)
    reviews, reviews_elsewhere = by_course(shown, shown.reviews)
    known, known_elsewhere = by_course(shown, shown.mastery)
    answer = show(
        "learner/page.html",
        page=shown,
        remembered=shown.learner.remembered,
        recorded=any(purpose is Purpose.SUGGESTIONS for purpose, _ in shown.agreed),
        budgets=TIME_BUDGETS,
        dismissals=tuple(Dismissal),
        changes=words.CHANGES,
        questions=unanswered(shown, here.answers),
        skipped=skipped(shown),
        reviews=reviews[:REVIEWS],
        reviews_elsewhere=reviews_elsewhere[: max(0, REVIEWS - len(reviews))],
        known=known,
        known_elsewhere=known_elsewhere,
        bands=(known or known_elsewhere)[: BANDS - len(unknown)],
        unknown=unknown,
        goal=next((skills[s] for s in shown.learner.profile.goals if s in skills), None),
        graded=bool(here.learner_id and here.launch.line_item and opens(here.launch.custom).graded),
        mentor=may(here.launch.roles, Act.ACCOMPANY),
        anyway=anyway,
        lighter=lighter,
        paces=words.PACES,
        motivations=words.MOTIVATIONS,
        asked=bool(shown.pace and shown.pace.check_in) and (Purpose.SUGGESTIONS, Source.PAGE) in shown.agreed,
        noted=request.args.get("noted") == "1",
        aside=_set_aside(request.args.get("set_aside", "")),
    )
    return changed(answer, minutes=minutes) if minutes != here.minutes else answer


def _set_aside(suggestion_id: str) -> Shown | None:
    """The suggestion that was set aside just now, to say so and offer to undo it."""
    here = current()
    if not suggestion_id or not here.learner_id:
        return None
    return core().suggestion(here.launch.tenant_id, here.learner_id, suggestion_id)


def _look(*, minutes: int | None = None, anyway: bool = False, lighter: bool = True) -> LearnerPage:
    here = current()
    return core().page(
        here.launch,
        here.learner_id,
        minutes=minutes or here.minutes,
        locale=formatting_locale(here.locale).language,
        answers=here.answers,
        take_anyway=anyway,
        lighter=lighter,
    )


def unanswered(shown: LearnerPage, given: Mapping[str, str]) -> tuple[Question, ...]:
    """At most three opening questions not answered in this visit; none where answers could not be kept."""
    if shown.learner.remembered and (Purpose.SUGGESTIONS, Source.PAGE) not in shown.agreed:
        return ()
    return tuple(q for q in shown.questions if q.key not in given)[:3]


def skipped(shown: LearnerPage) -> list[tuple[SkipReason, list[str], datetime | None]]:
    """What was left out because it is known: ``(reason, titles, when)``; no ``when`` if the days differ."""
    groups: list[tuple[SkipReason, list[str], datetime | None]] = []
    for reason in (SkipReason.MASTERED, SkipReason.DONE):
        left_out = [s for s in shown.skipped if s.reason is reason and s.activity_id in shown.catalogue.by_id]
        if left_out:
            days = {s.at.date() if s.at else None for s in left_out}
            titles = [shown.catalogue.by_id[s.activity_id].title for s in left_out]
            groups.append((reason, titles, left_out[0].at if len(days) == 1 else None))
    return groups


class _OfSkill(Protocol):
    @property
    def skill_id(self) -> str: ...


OfSkill = TypeVar("OfSkill", bound=_OfSkill)


def by_course(shown: LearnerPage, values: Iterable[OfSkill]) -> tuple[list[OfSkill], list[OfSkill]]:
    """What belongs to skills of this course, and the rest; all is of the course if that names no skill."""
    skills = {s for a in shown.catalogue.in_context(shown.context.id) for s in a.skill_ids}
    here: list[OfSkill] = []
    elsewhere: list[OfSkill] = []
    for value in values:
        (here if not skills or value.skill_id in skills else elsewhere).append(value)
    return here, elsewhere


def not_yet_known(shown: LearnerPage) -> list[str]:
    """Titles of the skills behind the suggestions of which nothing is known, at most three."""
    estimated = {m.skill_id for m in shown.mastery}
    ids = dict.fromkeys(
        s for item in shown.suggestions for s in item.activity.skill_ids if s not in estimated
    )
    return list(shown.catalogue.titles(ids))[:3]


def answers() -> Response:
    """Keep answers to opening questions: in the profile of who agreed to that, else in the visit alone."""
    here = current()
    given = {
        key: value.strip()[:LONGEST_ANSWER]
        for key, value in request.form.items()
        if (key in ANSWERS or key.startswith("level:")) and value.strip()
    }
    if here.learner_id and given:
        grants = core().agreements(here.launch.tenant_id, here.learner_id)
        if any(g.purpose is Purpose.SUGGESTIONS and g.source is Source.PAGE for g in grants):
            core().answer_questions(here.launch.tenant_id, here.learner_id, given)
    return changed(go_to("learner.page"), answers={**here.answers, **given})


# --- one suggestion ---------------------------------------------------------------------------------


def go(suggestion_id: str) -> Response:
    """Note that the suggestion was started, and open its activity, even where the record is gone by now."""
    tenant_id, learner_id, sealed_id, address = start_links.unseal(
        core().secrets, request.args.get("key", "")
    )
    if sealed_id != suggestion_id:
        raise InvalidInput("The link names two suggestions.", "Load your page again, and start from there.")
    try:
        address = core().start(tenant_id, learner_id, suggestion_id)
    except NotFound:
        log.info("a suggestion was started that is not on record any more")
    return cast(Response, redirect(address))


def dismiss(suggestion_id: str) -> Response:
    """Set a suggestion aside, for one of the five reasons."""
    here = current()
    said = request.form.get("reason", "")
    try:
        reason = Dismissal(said)
    except ValueError as error:
        known = ", ".join(Dismissal)
        raise InvalidInput(
            f"{said!r} is no reason to set aside.", f"Use one of: {known}.", where="reason"
        ) from error
    core().dismiss(here.launch.tenant_id, here.learner_id, suggestion_id, reason)
    return go_to("learner.page", set_aside=suggestion_id)


def undo(suggestion_id: str) -> Response:
    """Take "not for me" back."""
    here = current()
    core().undo_dismiss(here.launch.tenant_id, here.learner_id, suggestion_id)
    return go_to("learner.page")


def why(suggestion_id: str) -> Response:
    """The whole record of one suggestion."""
    here = current()
    found = core().suggestion(here.launch.tenant_id, here.learner_id, suggestion_id)
    return show("learner/why.html", shown=found, catalogue=core().catalogue(here.launch.tenant_id))


# --- what a link opens ------------------------------------------------------------------------------


def activity() -> Response:
    """The activity that the link in the course is about; the learner's page where there is none."""
    here = current()
    catalogue = core().catalogue(here.launch.tenant_id)
    found = linked_activity(opens(here.launch.custom), catalogue)
    if found is None:
        return go_to("learner.page")
    return show("learner/activity.html", activity=found, catalogue=catalogue)


def reviews() -> Response:
    """The review that is due first; the learner's page, which says when the next one comes, if none is."""
    due = _look().reviews if current().learner_id else ()
    return go_to("learner.review", skill_id=due[0].skill_id) if due else go_to("learner.page")


# --- reviews ----------------------------------------------------------------------------------------


def review(skill_id: str) -> Response:
    """One review: an activity, or a question to oneself; ``next`` says when it comes again, once answered."""
    if not current().learner_id:
        return go_to("learner.consent")
    shown = _look()
    skill = shown.catalogue.skills.get(skill_id)
    if skill is None:
        raise NotFound(
            f"There is no skill {skill_id!r} here.", "Go back to your page and choose a review there."
        )
    due = next((r for r in shown.reviews if r.skill_id == skill_id), None)
    here, elsewhere = by_course(shown, shown.reviews)
    others = tuple(r for r in (*here, *elsewhere) if r.skill_id != skill_id)
    return show(
        "learner/review.html",
        page=shown,
        skill=skill,
        due=due,
        others=others,
        counted=(Purpose.SUGGESTIONS, Source.PAGE) in shown.agreed,
        ratings=words.RATINGS,
        answered=_day(request.args.get("next", "")),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def answer_review(skill_id: str) -> Response:
    """Keep how well it was recalled, and say when it comes again."""
    here = current()
    rating = request.form.get("rating", type=int)
    if rating not in {number for number, _ in words.RATINGS}:
        raise InvalidInput(
            "The answer to a review is a number from 1 to 4.", "Choose one of the four.", where="rating"
        )
    due = core().answer_review(here.launch.tenant_id, here.learner_id, skill_id, rating)
    return go_to("learner.review", skill_id=skill_id, next=due.date().isoformat())


# --- language ---------------------------------------------------------------------------------------


def language(tag: str) -> Response:
    """Show the pages in another language from now on."""
    if tag not in LANGUAGES:
        raise NotFound(f"There is no translation {tag!r}.", f"There are: {', '.join(LANGUAGES)}.")
    return changed(cast(Response, redirect(url_for("learner.page") + _below(), code=303)), locale=tag)


def _below() -> str:
    """The path below the visit on which the language was chosen; if not said, where the visit began."""
    here = current()
    path = re.fullmatch(rf"/learn/{here.id}/([\w/-]*)", request.args.get("back", ""))
    if path:
        return path[1]
    return start.path(here.launch) if here.launch.roles & STAFF or not here.launch.identities else ""
