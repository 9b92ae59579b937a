"""What ``requirements/audit.py`` makes of what pip-audit says."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GOOD = {"name": "flask", "version": "3.1.0", "vulns": []}
BAD = {"name": "jinja2", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
SKIPPED = {"name": "numpy", "skip_reason": "Dependency not found on PyPI"}


@pytest.fixture(scope="module")
def verdict() -> Callable[[str, str], tuple[bool, str]]:
    script = runpy.run_path(str(Path(__file__).parents[2] / "requirements" / "audit.py"))
    found: Callable[[str, str], tuple[bool, str]] = script["verdict"]
    return found


def answered(*dependencies: dict[str, Any]) -> str:
    return json.dumps({"dependencies": dependencies})


def test_a_known_vulnerability_fails_and_names_the_cure(
    verdict: Callable[[str, str], tuple[bool, str]],
) -> None:
    good, words = verdict(answered(GOOD, BAD, SKIPPED), "")
    assert not good
    assert "jinja2 1.0: PYSEC-1, mended in: 1.1" in words


def test_nothing_found_passes_and_says_what_was_not_asked(
    verdict: Callable[[str, str], tuple[bool, str]],
) -> None:
    assert verdict(answered(GOOD, SKIPPED), "") == (
        True,
        "nothing found in 1 packages. Not known to the service: numpy.",
    )


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ("", "requests.exceptions.ProxyError: HTTPSConnectionPool(host='pypi.org', port=443): Max retries"),
        ("", "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed"),
        (answered(SKIPPED), ""),
    ],
)
def test_a_service_that_cannot_be_reached_passes_and_says_so(
    verdict: Callable[[str, str], tuple[bool, str]], answer: str, complaint: str
) -> None:
    good, words = verdict(answer, complaint)
    assert good
    assert "nothing was looked up" in words


def test_a_run_that_failed_otherwise_fails(verdict: Callable[[str, str], tuple[bool, str]]) -> None:
    assert verdict("", "ERROR: invalid requirements input: requirements/run.txt") == (
        False,
        "it failed: ERROR: invalid requirements input: requirements/run.txt",
    )
