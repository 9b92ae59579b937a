"""Suggestions in the API: a learner's page, what was shown and why, what came of it, reviews, estimates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g

from ...core.errors import NotFound
from ...core.page import LearnerPage, Shown
from ...core.proposals import Dismissal, Reason, Suggestion
from ...schemas.api_fields import page_of
from ...schemas.api_suggestions import (
    AddressTold,
    DismissalAsked,
    LookAsked,
    LookTold,
    RetryKey,
    ReviewAsked,
    ReviewedTold,
    ReviewsTold,
    ShownAsked,
    SkillsTold,
    SuggestionTold,
)
from ..rendering import formatting_locale, question_text, reason_text, section_paragraphs, translated
from ..token_gate import current
from ..visiting import core
from . import once
from .paging import Answer, part, place
from .routes import Calls

calls = Calls(
    "api_suggestions",
    "Suggestions",
    "What is suggested to a learner and why, what came of it, reviews, and what is believed of their skills.",
    "/learners/<id:learner>",
)


def reason_told(reason: Reason) -> dict[str, Any]:
    """A reason in words."""
    return {
        "text": reason_text(reason, core().catalogue(current().tenant_id)),
        "uses": sorted(reason.uses),
        "evidence": reason.evidence,
    }


def told(suggestion: Suggestion) -> dict[str, Any]:
    """A suggestion with its reasons in words."""
    plain = {name: getattr(suggestion, name) for name in suggestion.__dataclass_fields__}
    return plain | {
        "reasons": [reason_told(reason) for reason in suggestion.reasons],
        "uses": sorted(suggestion.uses),
    }


def _shown(shown: Shown) -> dict[str, Any]:
    return {"suggestion": told(shown.suggestion), "activity": shown.activity}


# --- the page ---------------------------------------------------------------------------------------


@calls.call("POST", "/page", LookTold, takes=LookAsked)
def look(learner: str, body: dict[str, Any]) -> dict[str, Any]:
    """Have a learner's page made: everything that it shows.

    Suggestions are recorded as shown, as when the learner opens the page.
    """
    tenant_id = current().tenant_id
    known = core().learner(tenant_id, learner)
    locale = formatting_locale(body.get("locale") or known.locale)
    g.locale_tag = str(locale)
    page = core().page(
        core().entering(tenant_id, body.get("course", "")),
        learner,
        minutes=body["minutes"],
        locale=locale.language,
        take_anyway=body["anyway"],
    )
    return _page(page)


def _page(page: LearnerPage) -> dict[str, Any]:
    challenge = page.challenge
    return {
        "learner": page.learner.id,
        "course": page.context.id,
        "at": page.now,
        "minutes": page.minutes,
        "suggestions": [_shown(shown) for shown in page.suggestions],
        "reviews": page.reviews,
        "next_review": page.next_review,
        "skills": page.mastery,
        "peers": page.peers,
        "challenge": challenge
        and {"activity": challenge[1], "team": challenge[0].team, "reason": reason_told(challenge[0].reason)},
        "groups": page.groups,
        "awards": [
            {
                "key": award.key,
                "title": translated(award.title),
                "reason": reason_told(award.reason),
                "skill_id": award.skill_id,
            }
            for award in page.awards
        ],
        "questions": [
            {
                "key": question.key,
                "text": question_text(question, page.catalogue),
                "choices": [
                    {"value": value, "label": translated(label)} for value, label in question.choices
                ],
            }
            for question in page.questions
        ],
        "sections": [
            {
                "title": translated(section.title),
                "paragraphs": section_paragraphs(section, page.catalogue),
                "link": section.link,
            }
            for section in page.sections
        ],
        "skipped": page.skipped,
        "too_long": page.too_long,
        "waiting": page.waiting,
        "first_guess": page.first_guess,
        "agreed": [{"purpose": purpose, "source": source} for purpose, source in sorted(page.agreed)],
        "uses": sorted(page.uses),
    }


# --- what was suggested -----------------------------------------------------------------------------


@calls.call("GET", "/suggestions", page_of(SuggestionTold, "SuggestionsTold"), asks=ShownAsked)
def shown(learner: str, query: dict[str, Any]) -> Answer:
    """List what was suggested to a learner, newest first, each with its whole record."""
    before = place(query)
    found = [
        suggestion
        for suggestion in core().shown_to(current().tenant_id, learner)
        if query["course"] in ("", suggestion.context_id)
    ]
    found.sort(key=_order, reverse=True)
    left = [s for s in found if before is None or _order(s) < before]
    items, status, headers = part(left[: query["limit"] + 1], query, _order)
    return {**items, "items": [told(s) for s in items["items"]]}, status, headers


def _order(suggestion: Suggestion) -> list[str]:
    return [suggestion.at.isoformat(), suggestion.id]


@calls.call("GET", "/suggestions/<id:suggestion>", SuggestionTold)
def why(learner: str, suggestion: str) -> dict[str, Any]:
    """See the whole record of a suggestion: who voted, with what weight, which data, what came of it."""
    return told(_one(learner, suggestion))


def _one(learner: str, suggestion: str) -> Suggestion:
    return core().suggestion(current().tenant_id, learner, suggestion).suggestion


@calls.call("POST", "/suggestions/<id:suggestion>/start", AddressTold)
def start(learner: str, suggestion: str) -> Mapping[str, str]:
    """Note that a learner starts what was suggested; answers with where it opens.

    Sent again it changes nothing.
    """
    return {"address": core().start(current().tenant_id, learner, suggestion)}


@calls.call("PUT", "/suggestions/<id:suggestion>/dismissal", SuggestionTold, takes=DismissalAsked)
def dismiss(learner: str, suggestion: str, body: dict[str, str]) -> dict[str, Any]:
    """Set a suggestion aside, and say why; nothing changes where it was started already."""
    core().dismiss(current().tenant_id, learner, suggestion, Dismissal(body["reason"]))
    return told(_one(learner, suggestion))


@calls.call("DELETE", "/suggestions/<id:suggestion>/dismissal", SuggestionTold)
def undo(learner: str, suggestion: str) -> dict[str, Any]:
    """Take a dismissal back, and what the models learned from it."""
    core().undo_dismiss(current().tenant_id, learner, suggestion)
    return told(_one(learner, suggestion))


# --- skills and reviews -----------------------------------------------------------------------------


@calls.call("GET", "/skills", SkillsTold)
def skills(learner: str) -> dict[str, Any]:
    """See what is believed about a learner's skills, and how sure that is."""
    mastery = core().estimated(current().tenant_id, learner).mastery
    return {"items": sorted(mastery.values(), key=lambda m: (-m.answers, m.skill_id))}


@calls.call("GET", "/reviews", ReviewsTold)
def reviews(learner: str) -> dict[str, Any]:
    """List when a learner's skills are to be reviewed, due first."""
    return {"items": core().estimated(current().tenant_id, learner).reviews}


@calls.call("POST", "/reviews", ReviewedTold, takes=ReviewAsked, headers=RetryKey)
def review(learner: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """Note how well a learner recalled a skill; answers with when it comes again.

    Refused (403) for those who did not agree that answers are kept. With an `Idempotency-Key` it can be sent
    again: the answer is counted once.
    """
    tenant_id = current().tenant_id
    with once.only(headers["key"], f"review {learner}") as first:
        if first:
            due = core().answer_review(tenant_id, learner, body["skill"], body["rating"])
            return {"skill": body["skill"], "due": due}
    for known in core().estimated(tenant_id, learner).reviews:
        if known.skill_id == body["skill"]:
            return {"skill": known.skill_id, "due": known.due}
    raise NotFound("No review of this skill is planned.", "Its first answer plans the next one.")
