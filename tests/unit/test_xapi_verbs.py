"""The table of verbs: what code and documentation say is the same, and real senders' verbs are in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from stifinder.core.evidence import EventKind
from stifinder.schemas.verbs import VERBS, VOIDED, kind_of, markdown_table

DOCS = Path(__file__).parents[2] / "docs" / "xapi.md"


def test_the_documented_table_is_the_table() -> None:
    assert markdown_table() in DOCS.read_text(encoding="utf-8")


def test_the_documented_table_has_every_verb_once() -> None:
    rows: dict[str, str] = {}
    prefix = ""
    for line in DOCS.read_text(encoding="utf-8").partition("| verb | becomes |")[2].splitlines():
        if heading := re.match(r"\| \*\*.*\*\* `(.*)` \| \|", line):
            prefix = heading[1]
        elif row := re.match(r"\| (\S+) \| `(\w+)` \|", line):
            assert prefix + row[1] not in rows
            rows[prefix + row[1]] = row[2]
    assert rows == {iri: kind.name for iri, kind in VERBS.items()}


@pytest.mark.parametrize(
    ("verb", "kind"),
    [
        ("http://adlnet.gov/expapi/verbs/passed", EventKind.PASSED),
        ("https://adlnet.gov/expapi/verbs/passed", EventKind.PASSED),
        ("http://adlnet.gov/expapi/verbs/failed", EventKind.FAILED),
        ("http://adlnet.gov/expapi/verbs/attempted", EventKind.STARTED),
        ("http://id.tincanapi.com/verb/rated", EventKind.RATED),
        ("http://activitystrea.ms/schema/1.0/like", EventKind.RATED),
        ("https://w3id.org/xapi/video/verbs/played", EventKind.VIEWED),
        ("https://w3id.org/xapi/video/verbs/paused", EventKind.OTHER),
        ("https://w3id.org/xapi/adl/verbs/satisfied", EventKind.COMPLETED),
        (VOIDED, EventKind.OTHER),
        ("https://example.org/verbs/never-heard-of", EventKind.OTHER),
    ],
)
def test_a_verb_becomes_the_kind_it_means(verb: str, kind: EventKind) -> None:
    assert kind_of(verb) is kind


def test_strategies_own_kinds_come_from_no_verb() -> None:
    assert not {EventKind.REVIEWED, EventKind.OUTCOME} & set(VERBS.values())


def test_every_verb_of_moodle_is_in_the_table(data: Path) -> None:
    file = data / "xapi" / "moodle_logstore_xapi.jsonl"
    if not file.is_file():
        pytest.skip(f"real statements are absent: there is no {file}")
    sent = {json.loads(line)["statement"]["verb"]["id"] for line in file.read_text().splitlines()}
    assert sent <= set(VERBS)
