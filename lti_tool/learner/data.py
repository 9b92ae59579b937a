"""What is stored about a person, in that person's hands: agree, see, export, correct, withdraw, erase."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, request

from ...core.catalogue import MEDIA_TYPES, Catalogue
from ...core.errors import InvalidInput
from ...core.people import MOST_HELPED, Depth, Profile, Purpose, Source
from .. import jobs, words
from ..rendering import formatting_locale, translated
from ..visiting import changed, core, current, go_to, show

PAIRS = tuple((purpose, source) for purpose in Purpose for source in Source)
NO_PREFERENCE = ("course", "other")
"""Media types that nobody prefers as such."""
ROWS = 20
"""Records shown at a time, per kind."""


def add_routes(routes: Blueprint) -> None:
    """Add these pages to the learner's blueprint."""
    routes.add_url_rule("/consent", "consent", consent)
    routes.add_url_rule("/consent", "agree", agree, methods=["POST"])
    routes.add_url_rule("/data", "data", data)
    routes.add_url_rule("/data.json", "export", export)
    routes.add_url_rule("/data/profile", "correct", correct, methods=["POST"])
    routes.add_url_rule("/data/erase", "erase", erase)
    routes.add_url_rule("/data/erase", "erased", erased, methods=["POST"])


# --- agreeing ---------------------------------------------------------------------------------------


def consent() -> Response:
    """What may be stored, per purpose and source; nothing is ticked that the person did not tick."""
    here = current()
    given = core().agreements(here.launch.tenant_id, here.learner_id) if here.learner_id else []
    return show(
        "learner/consent.html",
        purposes=words.PURPOSES,
        sources=words.SOURCES,
        changes=words.CHANGES,
        given={(grant.purpose, grant.source): grant for grant in given if grant.basis == "consent"},
        bases=core().legal_bases(here.launch.tenant_id),
        note=note_for(core().choices(here.launch.tenant_id).consent_note, here.locale),
    )


def note_for(notes: Mapping[str, str], locale: str) -> tuple[str, str]:
    """Language and text of what the tenant adds: in the reader's language, else English, else any."""
    wanted = formatting_locale(locale).language
    found = next((tag for tag in (wanted, "en", *notes) if notes.get(tag)), "")
    return found, notes.get(found, "")


def agree() -> Response:
    """Agree to exactly what is ticked; the rest is withdrawn, and what was kept for it removed."""
    here = current()
    said = set() if request.form.get("none") else set(request.form.getlist("grant"))
    named = {f"{purpose}:{source}": (purpose, source) for purpose, source in PAIRS}
    unknown = said - set(named)
    if unknown:
        raise InvalidInput(
            f"{sorted(unknown)[0]!r} is nothing one can agree to.", "Load the page again.", where="grant"
        )
    learner_id = core().agree(here.launch, {named[name] for name in said})
    jobs.note_graded(core(), here.launch, learner_id)
    return changed(go_to("learner.page"), learner_id=learner_id)


# --- seeing and exporting ---------------------------------------------------------------------------


def data() -> Response:
    """Everything that is held, kind by kind, some rows at a time."""
    here = current()
    held = core().held(here.launch.tenant_id, here.learner_id) if here.learner_id else {}
    if not held:
        return show("learner/data.html", remembered=False)
    wanted = request.args.get("kind", "")
    at = max(1, request.args.get("at", 1, type=int))
    catalogue = core().catalogue(here.launch.tenant_id)
    profile = core().profile(here.launch.tenant_id, here.learner_id)
    agreed = {(g.purpose, g.source) for g in core().agreements(here.launch.tenant_id, here.learner_id)}
    near, other = skills_to_choose(catalogue, profile, [row["skill_id"] for row in held.get("mastery", ())])
    return show(
        "learner/data.html",
        kinds=[kind_table(kind, rows, catalogue, at if kind == wanted else 1) for kind, rows in held.items()],
        profile=profile,
        counted=(Purpose.SUGGESTIONS, Source.PAGE) in agreed,
        near=near,
        other=other,
        media=[name for name in MEDIA_TYPES if name not in NO_PREFERENCE],
        media_words=words.MEDIA,
        self_ratings=words.SELF_RATINGS,
        nearest=nearest_rating,
    )


def skills_to_choose(
    catalogue: Catalogue, profile: Profile, estimated: Sequence[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Skill id to title, by title: those the person has to do with, then all others."""
    close = {*profile.goals, *profile.stated_levels, *estimated}
    ordered = sorted(catalogue.skills.values(), key=lambda skill: skill.title)
    return (
        {skill.id: skill.title for skill in ordered if skill.id in close},
        {skill.id: skill.title for skill in ordered if skill.id not in close},
    )


def nearest_rating(value: float | None) -> float | None:
    """The self-rating on the form that is closest to a stored one."""
    return None if value is None else min((v for v, _ in words.SELF_RATINGS), key=lambda v: abs(v - value))


def kind_table(kind: str, held: object, catalogue: Catalogue, at: int) -> dict[str, Any]:
    """One kind of record as a table.

    :param at: which screenful of rows, from 1; the last one when there are fewer.
    :returns: ``title``, ``count``, ``columns``, ``at``, ``pages`` and ``rows`` (each ``cells`` and
        ``whole``, the record as JSON).
    """
    rows = _rows(held)
    pages = max(1, -(-len(rows) // ROWS))
    at = min(at, pages)
    columns = words.COLUMNS.get(kind, ("title",))
    return {
        "kind": kind,
        "title": words.KINDS.get(kind, kind),
        "count": len(rows),
        "columns": [words.FIELDS[key] for key in columns],
        "rows": [
            {
                "cells": [_named(key, row.get(key), catalogue) for key in columns],
                "whole": json.dumps(row, ensure_ascii=False, indent=1),
            }
            for row in rows[(at - 1) * ROWS : at * ROWS]
        ],
        "at": at,
        "pages": pages,
    }


def _rows(held: object) -> list[Mapping[str, Any]]:
    """Records as mappings: one mapping is one record, a list may hold bare names."""
    if isinstance(held, Mapping):
        return [held]
    if isinstance(held, Sequence) and not isinstance(held, str):
        return [row if isinstance(row, Mapping) else {"title": row} for row in held]
    return [{"title": held}]


def _named(key: str, value: object, catalogue: Catalogue) -> object:
    """A value of this field for a table: our own titles in the reader's language, places counted from 1."""
    if key == "title" and isinstance(value, str):
        return translated(words.MODELS.get(value, value))
    if key == "position" and isinstance(value, int):
        return value + 1
    return _cell(value, catalogue)


def _cell(value: object, catalogue: Catalogue) -> object:
    """A value for a table: titles for ids, times as times; the rest as it is."""
    if isinstance(value, list):
        return [_cell(part, catalogue) for part in value]
    if not isinstance(value, str):
        return value
    if value in catalogue.by_id:
        return catalogue.by_id[value].title
    if value in catalogue.skills:
        return catalogue.skills[value].title
    if len(value) >= len("2026-01-01T00:00:00") and value[10] == "T":
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value


def export() -> Response:
    """Everything that is held, as a JSON file."""
    here = current()
    held = core().held(here.launch.tenant_id, here.learner_id) if here.learner_id else {}
    answer = Response(json.dumps(held, ensure_ascii=False, indent=2) + "\n", mimetype="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="stifinder-my-data.json"'
    return answer


# --- correcting -------------------------------------------------------------------------------------


def correct() -> Response:
    """Replace what the person said about themselves."""
    here = current()
    if not here.learner_id:
        return go_to("learner.consent")
    form = request.form
    solo = {"alone": True, "together": False}.get(form.get("solo", ""))
    levels = {
        key.removeprefix("level:"): share(value, where=key)
        for key, value in form.items()
        if key.startswith("level:") and value
    }
    unknown = set(form.getlist("media")) - set(MEDIA_TYPES)
    if unknown:
        raise InvalidInput(f"{sorted(unknown)[0]!r} is no media type.", "Load the page again.", where="media")
    profile = Profile(
        goals=tuple(form.getlist("goal")),
        stated_levels=levels,
        solo=solo,
        media=tuple(form.getlist("media")),
        role=form.get("role", "").strip()[:200],
        depth=depth(form.get("depth", "")),
        deadline=day(form.get("deadline", "")),
        helps=helps(form.get("helps", "")),
    )
    core().set_profile(here.launch.tenant_id, here.learner_id, profile)
    return go_to("learner.data", saved=1)


def share(text: str, *, where: str) -> float:
    """A number in 0..1 from a form.

    :raises InvalidInput: it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise InvalidInput(f"{text!r} is no self-rating.", "Choose one from the list.", where=where)
    return value


def depth(text: str) -> Depth | None:
    """What somebody learns for; None when not said.

    :raises InvalidInput: it is nothing that is offered.
    """
    try:
        return Depth(text) if text else None
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no such choice.", "Load the page again.", where="depth") from error


def day(text: str) -> date | None:
    """A day as a form sends it; None when not said.

    :raises InvalidInput: it is none.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no day.", "Write it like 2026-05-31.", where="deadline") from error


def helps(text: str) -> int | None:
    """How many others somebody helps at a time; None when not said.

    :raises InvalidInput: it is no number that is offered.
    """
    if not text:
        return None
    if not text.isdecimal() or int(text) > MOST_HELPED:
        raise InvalidInput(f"{text!r} is no such number.", "Choose one from the list.", where="helps")
    return int(text)


# --- erasing ----------------------------------------------------------------------------------------


def erase() -> Response:
    """Ask once more before everything goes."""
    return show("learner/erase.html", receipt=None) if current().learner_id else go_to("learner.data")


def erased() -> Response:
    """Erase everything about the person, and say what was removed."""
    here = current()
    if not here.learner_id:
        return go_to("learner.data")
    receipt = core().erase(here.launch.tenant_id, here.learner_id)
    answer = show(
        "learner/erase.html",
        receipt=receipt,
        at=datetime.fromisoformat(receipt["at"]),
        kind_words=words.KINDS,
    )
    return changed(answer, learner_id="", answers={})
