"""What a link opens: read from its custom parameters, and what the learner's page makes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_course import launch_of
from stifinder.core.opens import Kind, Opens, opens
from stifinder.core.people import Profile
from stifinder.core.service import Core

ALL = [
    Opens(),
    Opens(graded=True),
    Opens(Kind.REVIEW),
    Opens(Kind.SKILL, "s1"),
    Opens(Kind.SKILL, "s1", graded=True),
    Opens(Kind.ACTIVITY, "key:with:colons"),
]


@pytest.mark.parametrize("opened", ALL, ids=str)
def test_what_a_link_opens_survives_the_way_through_the_lms(opened: Opens) -> None:
    assert opens(opened.custom) == opened


@pytest.mark.parametrize(
    "text", ["", "nonsense", "skill", "skill:", "activity:", "review:x", "path:x", "$Link.unknown"]
)
def test_what_is_not_understood_opens_the_path(text: str) -> None:
    assert opens({"stifinder_open": text}) == Opens()


def test_a_review_is_never_graded() -> None:
    assert not opens({"stifinder_open": "review", "stifinder_grade": "progress"}).graded


def test_a_link_to_a_skill_suggests_what_leads_to_it_and_stores_no_goal(core: Core) -> None:
    by_title = {s.title: s.id for s in core.catalogue("t").skills.values()}
    skill = by_title["Negotiating"]
    launch = replace(launch_of("person-1"), custom=Opens(Kind.SKILL, skill).custom)
    from small_course import EVERYTHING

    learner = core.agree(launch, EVERYTHING)
    page = core.page(launch, learner, minutes=60)
    assert page.suggestions
    assert all(skill in shown.activity.skill_ids for shown in page.suggestions)
    assert page.learner.profile.goals == (skill,)
    assert core.profile("t", learner) == Profile()


def test_a_link_to_a_skill_that_is_gone_opens_the_course(core: Core) -> None:
    launch = replace(launch_of("person-1"), custom=Opens(Kind.SKILL, "gone").custom)
    page = core.page(launch, "", minutes=60)
    assert page.suggestions
    assert page.learner.profile.goals == ()


def test_what_a_skill_link_suggests_includes_what_must_be_done_before(core: Core) -> None:
    from stifinder.core.opens import leads_to

    catalogue = core.catalogue("t")
    by_key = {a.key: a for a in catalogue}
    needed = replace(by_key["activity-3"], prerequisites=(by_key["activity-1"].id,))
    changed = replace(
        catalogue, activities=tuple(needed if a.key == needed.key else a for a in catalogue.activities)
    )
    keys = [a.key for a in leads_to(needed.skill_ids[0], changed)]
    assert keys == ["activity-0", "activity-1", "activity-3", "activity-4", "activity-5"]
