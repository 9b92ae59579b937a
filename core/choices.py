"""What a tenant, or one course in it, chose otherwise than the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import InvalidInput

FEWEST = 5
"""Figures about a group are never shown for fewer people."""
MOST_EXPLORED = 20
"""Percent of pages that can be given to trying other weights."""
LONGEST_NOTE = 2000
"""Characters of what a tenant adds to the page on consent, per language."""


@dataclass(frozen=True, slots=True)
class Choices:
    """How suggestions and figures are handled.

    :param needs_yes: whether staff must say yes to an activity before it is suggested.
    :param exploration: percent of pages, at most ``MOST_EXPLORED``, on which strategies may be weighed
        otherwise than was learned, so that more can be learned; 0 switches it off.
    :param figures_from: people in a group from which figures about it are shown, at least ``FEWEST``.
    :param retention_days: after how many days what happened is removed; 0 keeps it until somebody erases it.
    :param consent_note: what the tenant adds to the page on consent, by language tag.
    :param consent_version: how often that note was changed.
    :param ids_from: the id the tenant had when its catalogue was numbered; "" when it still has it. It comes
        with a move (``core.moving``), and nobody sets it.
    """

    needs_yes: bool = False
    exploration: int = 5
    figures_from: int = FEWEST
    retention_days: int = 0
    consent_note: Mapping[str, str] = field(default_factory=dict)
    consent_version: int = 0
    ids_from: str = ""


DEFAULTS = Choices()
OF_COURSE = frozenset({"needs_yes", "exploration", "figures_from"})
"""What one course can choose by itself."""


def checked(key: str, value: Any, *, course: bool) -> Any:
    """A value as it may be stored.

    :param course: whether it is meant for one course.
    :raises InvalidInput: for an unknown key or a wrong value.
    """
    if course and key not in OF_COURSE:
        raise InvalidInput(
            f"{key!r} is not chosen per course.", f"A course has {', '.join(sorted(OF_COURSE))}."
        )
    if key == "needs_yes" and isinstance(value, bool):
        return value
    whole = isinstance(value, int) and not isinstance(value, bool)
    if key == "exploration" and whole:
        if 0 <= value <= MOST_EXPLORED:
            return value
        raise InvalidInput(
            f"{value} percent of pages were asked for.", f"Give a number from 0 to {MOST_EXPLORED}."
        )
    if key == "figures_from" and whole:
        if FEWEST <= value <= 1000:
            return value
        raise InvalidInput(
            f"Figures for groups of {value} were asked for.", f"Give a number from {FEWEST} to 1000."
        )
    if key == "retention_days" and whole:
        if value == 0 or 30 <= value <= 3650:
            return value
        raise InvalidInput(
            f"{value} days were asked for.", "Give 0 (keep until erased), or a number from 30 to 3650."
        )
    if key == "consent_note" and isinstance(value, Mapping):
        if all(isinstance(note, str) and len(note) <= LONGEST_NOTE for note in value.values()):
            return {str(tag): note.strip() for tag, note in value.items() if note.strip()}
        raise InvalidInput("A note is too long.", f"Give at most {LONGEST_NOTE} characters per language.")
    raise InvalidInput(
        f"{key!r} cannot be set to {value!r}.", "See docs/administration.md for what can be set."
    )
