"""Every hook there is, one short file a family. Read these four files and you know the plugin interface.

Markers: authors decorate with ``hookimpl``. For each hook the core reads how answers are joined, how long a
call may take and what type an answer must have from the ``Rule`` beside its specification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import pluggy
from packaging.version import Version

PROJECT = "stifinder"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Hook = TypeVar("Hook", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Rule:
    """How the core treats one hook.

    :param family: recommendation, tagging, gamification or lifecycle.
    :param answer: the type of one answer, or of one element when ``many``.
    :param many: the answer is a sequence of ``answer``; an empty one means "nothing to say".
    :param first: the first plugin with something to say wins; otherwise all answers are collected.
    :param milliseconds: time budget of one call of one plugin.
    :param always: also asked of a plugin that the tenant switched off.
    :param since: the version of the interface that brought it.
    :param deprecated: the version from which it should not be used; "" while it should. It works until the
        first number of the interface grows.
    :param instead: what to use then, in a few words.
    """

    family: str
    answer: type
    many: bool = False
    first: bool = False
    milliseconds: int = 50
    always: bool = False
    since: str = "1.0"
    deprecated: str = ""
    instead: str = ""

    @property
    def goes_with(self) -> str:
        """The version of the interface that no longer has a deprecated hook; "" for others."""
        return f"{Version(self.deprecated).major + 1}.0" if self.deprecated else ""


RULES: dict[str, Rule] = {}


def rule(
    family: str,
    answer: type,
    *,
    many: bool = False,
    first: bool = False,
    milliseconds: int = 50,
    always: bool = False,
    since: str = "1.0",
    deprecated: str = "",
    instead: str = "",
) -> Callable[[Hook], Hook]:
    """Register a hook specification together with its rule."""

    def mark(function: Hook) -> Hook:
        RULES[function.__name__] = Rule(
            family, answer, many, first, milliseconds, always, since, deprecated, instead
        )
        marked: Hook = hookspec(function)
        return marked

    return mark


def deprecations(hooks: Iterable[str]) -> list[str]:
    """What to say of those hooks that should not be used any more, a sentence each."""
    return [
        f"{hook} is deprecated since version {old.deprecated} of the hooks and goes with {old.goes_with}"
        f"{f': {old.instead}' if old.instead else ''}"
        for hook in hooks
        if (old := RULES[hook]).deprecated
    ]


from . import gamification, lifecycle, recommendation, tagging  # noqa: E402  (they use the names above)

FAMILIES = (recommendation, tagging, gamification, lifecycle)

__all__ = ["FAMILIES", "PROJECT", "RULES", "Rule", "deprecations", "hookimpl", "hookspec", "rule"]
