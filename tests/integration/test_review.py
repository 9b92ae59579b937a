"""A teacher opens a grade in the LMS (submission review), and sees how the learner is doing, or does not."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from lti_platform import MEMBERSHIP, TOOL, Tab
from small_course import COURSE, EVERYTHING, arrival
from stifinder.core import identity
from stifinder.core.evidence import EventKind
from stifinder.core.launch import Launch
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.lti_tool.app import create_app
from werkzeug.test import TestResponse

pytest_plugins = ["lti_fixtures"]
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
REVIEW = "LtiSubmissionReviewRequest"


@pytest.fixture
def tool_app(settings: Settings, migrated_sqlite: Any) -> Iterator[Flask]:
    """The whole tool with a small course."""
    core = Core(replace(settings, base_url=TOOL), clock=lambda: NOW)
    core.migrate()
    core.add_tenant("t", "A tenant")
    core.import_catalogue("t", COURSE)
    yield create_app(core)
    core.close()


@pytest.fixture
def core(tool_app: Flask) -> Core:
    found: Core = tool_app.extensions["stifinder"]
    return found


def learner(core: Core, tab: Tab, name: str) -> Launch:
    """What opens a learner's own visit in the course that teachers review."""
    return Launch(
        "t",
        "r",
        (identity.account(tab.platform.issuer, name),),
        context_key=f"{tab.platform.issuer}#offers",
        context_title="Writing offers",
    )


def busy(core: Core, tab: Tab, name: str) -> str:
    """Somebody who agreed, did something, and was suggested something."""
    launch = learner(core, tab, name)
    learner_id = core.agree(launch, EVERYTHING)
    account = identity.account(tab.platform.issuer, name)
    core.intake(
        "t",
        [
            replace(arrival(name, 0), identity=account),
            replace(arrival(name, 2, EventKind.ANSWERED, score=0.8), identity=account),
        ],
    )
    core.page(launch, learner_id)
    return learner_id


def review(tab: Tab, about: str, role: str = "Instructor", **more: Any) -> TestResponse:
    claims: dict[str, Any] = {
        "message_type": REVIEW,
        "for_user": {"user_id": about, "name": "Fullname Of-Learner"},
        "roles": [f"{MEMBERSHIP}{role}"],
        "context": {"id": "offers", "title": "Writing offers"},
        "launch_presentation": {"locale": "en"},
        "email": None,
    }
    return tab.launch(**(claims | more))


def words(answer: TestResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.unescape(answer.text)))


def follow(tab: Tab, answer: TestResponse) -> TestResponse:
    assert answer.status_code == 303, answer.text
    return tab.client.get(answer.location, base_url=TOOL)


def main_of(answer: TestResponse) -> str:
    return answer.text.partition("<main")[2].partition("</main>")[0]


def test_a_teacher_sees_how_a_learner_who_agreed_is_doing(tab: Tab, core: Core) -> None:
    busy(core, tab, "person-1")
    answer = follow(tab, review(tab, "person-1"))
    said = words(answer)
    assert answer.status_code == 200
    assert "Progress of the learner you opened" in said
    assert re.search(r"\d+ of 100: the share of this course’s activities", said)
    assert "Estimating" in said
    assert "Because " in said
    assert "Fullname" not in answer.text


@pytest.mark.parametrize(
    ("custom", "expected"),
    [
        ({"stifinder_open": "activity:activity-0"}, "100 of 100 in “Activity 0”"),
        ({"stifinder_open": "activity:activity-7"}, "There is nothing to grade yet."),
        ({"stifinder_open": "review"}, "Reviews are not graded."),
    ],
)
def test_progress_is_that_of_the_link_that_was_opened(
    tab: Tab, core: Core, custom: dict[str, str], expected: str
) -> None:
    busy(core, tab, "person-1")
    assert expected in words(follow(tab, review(tab, "person-1", custom=custom)))


def test_a_column_without_a_link_is_reviewed_too(tab: Tab, core: Core) -> None:
    busy(core, tab, "person-1")
    assert "Progress of the learner" in words(follow(tab, review(tab, "person-1", resource_link=None)))


def test_who_did_not_agree_and_who_is_unknown_look_the_same(tab: Tab, core: Core) -> None:
    only_peers = frozenset(pair for pair in EVERYTHING if pair[0] == "peers")
    core.agree(learner(core, tab, "person-2"), only_peers)
    seen = [main_of(follow(tab, review(tab, name))) for name in ("person-2", "nobody-we-know")]
    assert "This learner’s progress is not shown" in html.unescape(seen[0])
    assert seen[0] == seen[1]


def test_who_took_the_agreement_back_is_not_shown_any_more(tab: Tab, core: Core) -> None:
    busy(core, tab, "person-1")
    opened = review(tab, "person-1")
    assert "Progress of the learner" in words(follow(tab, opened))
    core.agree(learner(core, tab, "person-1"), ())
    assert "progress is not shown" in words(follow(tab, opened))


def test_a_learner_does_not_review_others(tab: Tab, core: Core) -> None:
    busy(core, tab, "person-1")
    with tab.refused("not-staff") as answers:
        answers.append(review(tab, "person-1", role="Learner"))


def test_a_learner_who_opens_an_own_grade_comes_to_the_own_page(tab: Tab, core: Core) -> None:
    answer = review(tab, "subject-1", role="Learner")
    assert re.fullmatch(r".*/learn/[0-9a-f]{32}/", answer.location)
    assert follow(tab, answer).status_code == 200


def test_the_address_opens_in_its_own_visit_only(tab: Tab, core: Core) -> None:
    busy(core, tab, "person-1")
    first, second = review(tab, "person-1"), review(tab, "nobody-we-know")
    whom = first.location.rpartition("/")[2]
    elsewhere = f"{second.location.rpartition('/')[0]}/{whom}"
    assert tab.client.get(elsewhere, base_url=TOOL).status_code == 404
    assert tab.client.get(f"{first.location[:-3]}AAA", base_url=TOOL).status_code == 404
    assert follow(tab, first).status_code == 200


def test_a_review_is_recorded_without_saying_of_whom(tab: Tab, core: Core) -> None:
    learner_id = busy(core, tab, "person-1")
    review(tab, "person-1")
    (entry, *_) = core.audit_log("t")
    assert (entry.act, entry.actor.role) == ("review progress", "teacher")
    assert learner_id not in repr(entry)
    assert "person-1" not in repr(entry)


@pytest.mark.parametrize(
    ("for_user", "reason"),
    [(None, "missing-for_user"), ({}, "missing-for_user.user_id"), ({"user_id": 7}, "bad-for_user.user_id")],
)
def test_a_review_of_nobody_is_refused(tab: Tab, for_user: Any, reason: str) -> None:
    with tab.refused(reason) as answers:
        answers.append(review(tab, "x", **{"for_user": for_user}))
