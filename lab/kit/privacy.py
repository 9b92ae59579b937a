"""Watching calls: what they open, whom they talk to, and what they say aloud."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from . import situations
from .subject import Subject

_here = threading.local()
_installed = threading.Lock()
_once: list[bool] = []


@dataclass
class Seen:
    """What a call did besides answering.

    :param hosts: hosts it asked for or connected to.
    :param stores: databases it opened.
    :param said: what it logged or printed.
    """

    hosts: list[str] = field(default_factory=list)
    stores: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    seen: Seen | None = getattr(_here, "seen", None)
    if seen is None:
        return
    if event == "socket.getaddrinfo":
        seen.hosts.append(str(arguments[0]))
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        seen.hosts.append(str(arguments[1][0]))
    elif event == "sqlite3.connect":
        seen.stores.append(str(arguments[0]))


class _Ear(logging.Handler):
    def __init__(self, seen: Seen) -> None:
        super().__init__(logging.DEBUG)
        self._seen = seen

    def emit(self, record: logging.LogRecord) -> None:
        self._seen.said.append(record.getMessage() + (str(record.exc_info[1]) if record.exc_info else ""))


@contextlib.contextmanager
def watched() -> Iterator[Seen]:
    """Watch what this thread does inside the block."""
    with _installed:
        if not _once:
            sys.addaudithook(_heard)  # for the life of the process: Python takes none back
            _once.append(True)
    seen, root, output = Seen(), logging.getLogger(), io.StringIO()
    ear, level = _Ear(seen), root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    _here.seen = seen
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            yield seen
    finally:
        _here.seen = None
        root.setLevel(level)
        root.removeHandler(ear)
        if output.getvalue():
            seen.said.append(output.getvalue())


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what a plugin logs and prints away from the reader of the findings."""
    with watched():
        yield


def about_people(seen: Seen) -> str:
    """What of a person was said aloud; empty when nothing was."""
    planted = {"learner-": "a learner's id", situations.PLANTED_ROLE: "what a learner says of themselves"}
    for said in seen.said:
        for sign, what in planted.items():
            if sign in said:
                return f"it logs or prints {what}"
    return ""


def private_imports(subject: Subject) -> list[str]:
    """What the plugin's own files import of Stifinder beyond its public surface."""
    module = sys.modules.get(
        getattr(subject.plugin, "__module__", "") or getattr(subject.plugin, "__name__", "")
    )
    name = getattr(module, "__name__", "")
    top = name if name.startswith("stifinder.") else name.partition(".")[0]
    strange: set[str] = set()
    for each in [m for n, m in sorted(sys.modules.items()) if n == top or n.startswith(f"{top}.")]:
        try:
            tree = ast.parse(inspect.getsource(each))
        except (OSError, TypeError, SyntaxError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            else:
                continue
            strange.update(
                n for n in names if n.startswith("stifinder.") and not n.startswith("stifinder.lab")
            )
    return sorted(strange)
