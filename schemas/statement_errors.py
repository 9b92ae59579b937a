"""Saying which statement and which field was wrong, in words; only the failing path comes here."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ..core.errors import InvalidInput, TooLarge
from .statement_forms import IN_WORDS

_PLACE = re.compile(r" - at (`key` in )?`\$(.*)`\Z", re.DOTALL)
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+|\.\.\.)\]")
_QUOTED = re.compile(r"`([^`]*)`")
_PERSONAL = re.compile(
    r"\.(?:actor|instructor|team|authority|member|contextAgents|contextGroups|mbox|mbox_sha1sum|openid|account)\b"
)
_SEE = "See docs/xapi.md for what is accepted."


class Fault(Exception):
    """One thing wrong with a statement, with the path inside it; becomes ``InvalidInput`` or ``TooLarge``."""

    def __init__(self, path: str, what: str, cure: str = _SEE, *, too_large: bool = False) -> None:
        super().__init__(what)
        self.path = path
        self.what = what
        self.cure = cure
        self.too_large = too_large

    def within(self, prefix: str) -> Fault:
        """The same fault, seen from one level up."""
        self.path = prefix + self.path
        return self

    def as_error(self) -> InvalidInput:
        """What the caller of this package sees."""
        kind = TooLarge if self.too_large else InvalidInput
        return kind(self.what, self.cure, where=self.path.removeprefix("."))


def quoted(value: str) -> str:
    """A value for an error message: short, and harmless in a log."""
    return repr(value if len(value) <= 80 else f"{value[:77]}...")


def wrong_form(path: str, value: str, pattern: str) -> Fault:
    """A text that does not have the form that its pattern asks for."""
    return Fault(path, f"{quoted(value)} is not {IN_WORDS[pattern]}.", f"Send {IN_WORDS[pattern]}.")


def malformed(error: Exception, where: str = "") -> Fault:
    """A body, or a part of it, that is not JSON in UTF-8."""
    return Fault(
        where, f"This is not JSON in UTF-8: {error}.", "Send one statement or an array of statements."
    )


def too_deep(limit: int | None = None, where: str = "") -> Fault:
    """Nested beyond the limit."""
    allowed = f" (at most {limit} levels are)" if limit else ""
    return Fault(where, f"This is nested too deeply{allowed}.", "Flatten its extensions.", too_large=True)


def from_msgspec(error: msgspec.ValidationError, part: bytes | msgspec.Raw) -> Fault:
    """Read msgspec's message into a path, a sentence and a cure.

    :param part: the JSON that was decoded, to name the offending value when it says nothing about a person.
    """
    message = str(error)
    place = _PLACE.search(message)
    path, in_key = (place[2], bool(place[1])) if place else ("", False)
    said = message[: place.start()] if place else message
    name = _QUOTED.search(said)
    if said.startswith("Object contains unknown field") and name:
        return Fault(
            f"{path}.{name[1]}", "xAPI has no such field here.", "Remove it, or put it in extensions."
        )
    if said.startswith("Object missing required field") and name:
        return Fault(f"{path}.{name[1]}", "This is missing.", "Add it.")
    if said.endswith("got `null`"):
        return Fault(path, "This is null, which xAPI allows in extensions only.", "Leave the field out.")
    try:
        path, value = _follow(msgspec.json.decode(part), path)
    except (msgspec.DecodeError, RecursionError):  # wrong elsewhere too, in what was skipped while decoding
        value = None
    for pattern, words in IN_WORDS.items():
        if repr(pattern) in said:
            said = f"This is not {words}"
            break
    shown = isinstance(value, str | int | float) and not in_key and not _PERSONAL.search(path)
    got = f" ({quoted(str(value))} was sent)" if shown else ""
    return Fault(path, f"{said.replace('`', '')}{got}.")


def _follow(document: Any, path: str) -> tuple[str, Any]:
    """Walk a path of msgspec into a document; a ``[...]`` step, always in a map of texts, gets its key."""
    walked = ""
    for step in _STEP.finditer(path):
        if step[2] == "..." and isinstance(document, dict):
            key = next((k for k, v in document.items() if not isinstance(v, str)), "")
            walked += f"[{quoted(key)}]"
            document = document.get(key)
        elif step[2] is not None and isinstance(document, list):
            walked += step[0]
            document = document[int(step[2])]
        elif step[1] is not None and isinstance(document, dict):
            walked += step[0]
            document = document.get(step[1])
        else:
            return path, None
    return walked, document
