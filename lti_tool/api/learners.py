"""Learners in the API: find, remember, see, export, forget; what they agreed to and say of themselves."""

from __future__ import annotations

from typing import Any

from ...core.people import Learner, Profile
from ...schemas.api_learners import (
    AccountAsked,
    AgreementsAsked,
    AgreementsTold,
    AnswersAsked,
    HeldTold,
    LearnerId,
    LearnerTold,
    NewLearnerAsked,
    ProfileAsked,
    ProfileTold,
    ReceiptTold,
)
from ..token_gate import actor, current
from ..visiting import core
from .routes import Calls

calls = Calls(
    "api_learners",
    "Learners",
    "People who agreed to be remembered. Nobody else can be asked about.",
    "/learners",
)


@calls.call("POST", "", LearnerId, takes=NewLearnerAsked, status=201, also=200)
def remember(body: dict[str, Any]) -> tuple[dict[str, str], int]:
    """Remember somebody who agreed to it elsewhere.

    Answers 200 and changes nothing when the person is remembered already; then change their agreements.
    """
    learner_id, new = core().remember_on_behalf(
        current().tenant_id,
        actor(),
        (body["issuer"], body["user"]),
        body["grants"],
        body["on_behalf"],
        body["locale"],
    )
    return {"id": learner_id}, 201 if new else 200


@calls.call("POST", "/lookup", LearnerId, takes=AccountAsked, refuses=(404,))
def lookup(body: dict[str, str]) -> dict[str, str]:
    """Find a learner by what their LMS calls them."""
    return {"id": core().learner_known_as(current().tenant_id, body["issuer"], body["user"])}


@calls.call("GET", "/<id:learner>", LearnerTold)
def see(learner: str) -> Learner:
    """See a learner."""
    return core().learner(current().tenant_id, learner)


@calls.call("DELETE", "/<id:learner>", ReceiptTold)
def forget(learner: str) -> dict[str, Any]:
    """Forget a learner everywhere; answers with the receipt."""
    return core().erase_on_behalf(current().tenant_id, actor(), learner)


@calls.call("GET", "/<id:learner>/export", HeldTold)
def export(learner: str) -> dict[str, Any]:
    """Export everything that is held about a learner, by kind."""
    core().learner(current().tenant_id, learner)
    return core().held(current().tenant_id, learner)


@calls.call("GET", "/<id:learner>/agreements", AgreementsTold)
def agreements(learner: str) -> dict[str, Any]:
    """See what a learner agreed to, and what rests on another recorded basis."""
    core().learner(current().tenant_id, learner)
    return {"remembered": True, "items": core().agreements(current().tenant_id, learner)}


@calls.call("PUT", "/<id:learner>/agreements", AgreementsTold, takes=AgreementsAsked)
def agree(learner: str, body: dict[str, Any]) -> dict[str, Any]:
    """Change what a learner agreed to, on their behalf.

    What is not named is withdrawn, and what was kept for it removed. With nothing left the learner is
    forgotten.
    """
    left = core().agree_on_behalf(current().tenant_id, actor(), learner, body["grants"], body["on_behalf"])
    items = core().agreements(current().tenant_id, left) if left else []
    return {"remembered": bool(left), "items": items}


@calls.call("GET", "/<id:learner>/profile", ProfileTold)
def profile(learner: str) -> Profile:
    """See what a learner says about themselves."""
    return core().profile(current().tenant_id, learner)


@calls.call("PUT", "/<id:learner>/profile", ProfileTold, takes=ProfileAsked)
def correct(learner: str, body: Profile) -> Profile:
    """Replace what a learner says about themselves.

    Refused (403) for those who did not agree that what they say is kept.
    """
    tenant_id = current().tenant_id
    core().set_profile(tenant_id, learner, body)
    core().record(tenant_id, actor(), "change a profile on behalf")
    return core().profile(tenant_id, learner)


@calls.call("POST", "/<id:learner>/answers", ProfileTold, takes=AnswersAsked)
def answer(learner: str, body: dict[str, Any]) -> Profile:
    """Answer opening questions of a learner's page; answers become part of the profile."""
    tenant_id = current().tenant_id
    given = {each["question"]: each["answer"] for each in body["answers"]}
    core().answer_questions(tenant_id, learner, given)
    core().record(tenant_id, actor(), "answer questions on behalf")
    return core().profile(tenant_id, learner)
