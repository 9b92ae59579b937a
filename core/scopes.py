"""What a token of the API can be made for: a few scopes, each a word that says what it lets a program do."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from .errors import InvalidInput


class Scope(StrEnum):
    """What a token lets a program do, within the one tenant that it belongs to."""

    LEARNERS_READ = "learners:read"
    """See what is held about people who agreed to be remembered."""
    LEARNERS_WRITE = "learners:write"
    """Have suggestions made, answer for people, and change what they agreed to on their behalf."""
    CATALOGUE_READ = "catalogue:read"
    """See activities and skills, and what is ruled out."""
    CATALOGUE_WRITE = "catalogue:write"
    """Import activities and skills; rule activities out."""
    COURSES_READ = "courses:read"
    """See courses, their figures, what was suggested there and what was decided."""
    COURSES_DECIDE = "courses:decide"
    """Decide about suggestions, and choose how a course handles them."""
    ADMINISTRATION_READ = "administration:read"
    """See registrations, plugins, jobs, choices and the record of what staff did."""
    ADMINISTRATION_WRITE = "administration:write"
    """Change them."""


def checked_scopes(wanted: Iterable[str]) -> tuple[Scope, ...]:
    """The scopes of these names, each once, in the order of ``Scope``.

    :raises InvalidInput: for an unknown name, or none at all.
    """
    names = set(wanted)
    unknown = names - set(Scope)
    if unknown or not names:
        what = f"{min(unknown)!r} is no scope." if unknown else "A token needs at least one scope."
        raise InvalidInput(what, f"There are: {', '.join(Scope)}.", where="scopes")
    return tuple(scope for scope in Scope if scope in names)
