"""What ties a test to its clause: the clause's words, and the platforms that the test runs with.

``docs/lti-conformance.md`` is the same list for people; ``test_conforms_table.py`` holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import getmembers, isfunction
from types import ModuleType
from typing import TypeVar

import pytest

HAND = "hand-made"
LIBRARY = "lti1p3platform"
CONSUMER = "lti_consumer"
SANDBOX = "sandbox"
MOODLE = "Moodle 4.5"
EVERY = (HAND, LIBRARY, CONSUMER)

Test = TypeVar("Test", bound=Callable[..., None])


@dataclass(frozen=True)
class Row:
    """One line of the table of clauses."""

    chapter: str
    clause: str
    test: str
    platforms: tuple[str, ...]


def clause(words: str, *platforms: str, by: str = "sender") -> Callable[[Test], Test]:
    """Say which clause a test shows, and run the test once with each of these platforms.

    :param by: the fixture that takes the platform's name; "" for a test of one platform that it makes itself.
    """

    def mark(test: Test) -> Test:
        test.clause = (words, platforms)  # type: ignore[attr-defined]
        if not by:
            (_only_one,) = platforms
            return test
        return pytest.mark.parametrize(by, platforms, indirect=True)(test)

    return mark


def rows(module: ModuleType) -> Iterator[Row]:
    """The lines that a module's tests add to the table, in the order of the tests."""
    tests = [test for name, test in getmembers(module, isfunction) if name.startswith("test_")]
    for test in sorted(tests, key=lambda test: test.__code__.co_firstlineno):
        words, platforms = test.clause
        yield Row(module.CHAPTER, words, test.__name__, platforms)
