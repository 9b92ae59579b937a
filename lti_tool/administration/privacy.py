"""The tab about people's data: what learners agree to, on what else it rests, and how long it is kept."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ...core.choices import FEWEST, LONGEST_NOTE, MOST_EXPLORED
from ...core.errors import InvalidInput
from ...core.people import Purpose, Source
from .. import words
from ..rendering import LANGUAGES
from ..visiting import core, go_to
from .page import actor, show_tab, tenant_id

TAB = "administration.privacy"
DAYS = (90, 180, 365, 730, 1095)
"""Times to keep that are offered; others can be entered."""


def add_routes(made: Blueprint) -> None:
    """Add this tab."""
    made.add_url_rule("/privacy", "privacy", privacy)
    made.add_url_rule("/privacy/note", "set_note", set_note, methods=["POST"])
    made.add_url_rule("/privacy/handling", "set_handling", set_handling, methods=["POST"])
    made.add_url_rule("/privacy/retention", "retention", retention)
    made.add_url_rule("/privacy/retention", "set_retention", set_retention, methods=["POST"])
    made.add_url_rule("/privacy/basis", "add_basis", add_basis, methods=["POST"])
    made.add_url_rule("/privacy/basis/remove", "remove_basis", remove_basis, methods=["POST"])


def privacy() -> Response:
    """Everything there is to choose about people's data."""
    return _privacy()


def _privacy(wrong: InvalidInput | None = None, at: str = "") -> Response:
    found = core().overview(tenant_id())
    return show_tab(
        "administration/privacy.html",
        TAB,
        choices=core().choices(tenant_id()),
        purposes=words.PURPOSES,
        sources=words.SOURCES,
        consent_text=found.consent_text,
        bases=core().recorded_bases(tenant_id()),
        languages_of_note=LANGUAGES,
        longest_note=LONGEST_NOTE,
        fewest=FEWEST,
        most_explored=MOST_EXPLORED,
        days_offered=DAYS,
        given=request.form,
        wrong=wrong,
        at=at,
    )


def _refused(error: InvalidInput, at: str) -> tuple[Response, int]:
    return _privacy(error, at), error.status


def set_note() -> Response | tuple[Response, int]:
    """Keep what the tenant adds to the consent page, per language."""
    note = {tag: request.form.get(f"note-{tag}", "").replace("\r\n", "\n") for tag in LANGUAGES}
    if {tag: text.strip() for tag, text in note.items() if text.strip()} == core().choices(
        tenant_id()
    ).consent_note:
        return go_to(TAB, said="note")
    try:
        core().choose(tenant_id(), actor(), "consent_note", note)
    except InvalidInput as error:
        return _refused(error, "note")
    return go_to(TAB, said="note")


def set_handling() -> Response | tuple[Response, int]:
    """Keep whether suggestions need a yes, and how large a group must be for figures about it."""
    wanted = {
        "needs_yes": "needs_yes" in request.form,
        "figures_from": request.form.get("figures_from", 0, type=int),
        "exploration": request.form.get("exploration", -1, type=int),
    }
    before = core().choices(tenant_id())
    try:
        for key, value in wanted.items():
            if getattr(before, key) != value:
                core().choose(tenant_id(), actor(), key, value)
    except InvalidInput as error:
        return _refused(error, "handling")
    return go_to(TAB, said="handling")


def retention() -> Response | tuple[Response, int]:
    """How much would go, before anything does."""
    days = request.args.get("days", -1, type=int)
    if days != 0 and not 30 <= days <= 3650:
        error = InvalidInput("That is no such number of days.", "Give 0, or a number from 30 to 3650.")
        return _refused(error, "retention")
    return show_tab(
        "administration/retention.html",
        TAB,
        days=days,
        now_days=core().choices(tenant_id()).retention_days,
        old=core().too_old(tenant_id(), days) if days else None,
    )


def set_retention() -> Response | tuple[Response, int]:
    """Keep for how long what happened is kept; what is older goes with the next daily removal."""
    try:
        core().choose(tenant_id(), actor(), "retention_days", request.form.get("days", -1, type=int))
    except InvalidInput as error:
        return _refused(error, "retention")
    return go_to(TAB, said="retention")


def add_basis() -> Response | tuple[Response, int]:
    """Record that a purpose rests on something else than consent."""
    given = {name: " ".join(request.form.get(name, "").split()) for name in ("basis", "decided_by", "notice")}
    try:
        purpose, source = _pair(request.form.get("purpose", ""), request.form.get("source", ""))
        core().record_basis(tenant_id(), actor(), purpose, source, **given)
    except InvalidInput as error:
        return _refused(error, "basis")
    return go_to(TAB, said="basis")


def remove_basis() -> Response:
    """Have a purpose rest on consent alone again."""
    purpose, source = _pair(request.form.get("purpose", ""), request.form.get("source", ""))
    core().withdraw_basis(tenant_id(), actor(), purpose, source)
    return go_to(TAB, said="basis-removed")


def _pair(purpose: str, source: str) -> tuple[Purpose, Source]:
    try:
        return Purpose(purpose), Source(source)
    except ValueError as error:
        raise InvalidInput("There is no such purpose or source.", "Choose one of each.") from error
