"""From a situation to suggestions: blending, constraints, chance, reasons, and what came of them."""

from __future__ import annotations

import copy
from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_course import COURSE, EVERYTHING, NOW, Clock, MakeCore, arrival, draft, launch_of
from stifinder import Candidate, Reason, hookimpl, message
from stifinder.core import blend, ranking
from stifinder.core.evidence import EventKind
from stifinder.core.plugins import Plugins
from stifinder.core.proposals import Dismissal, Outcome, SkipReason
from stifinder.core.service import Core
from stifinder.core.store import catalogue

BECAUSE = Reason(message("Because it is a test."))


def keys(page) -> list[str]:
    return [s.activity.key for s in page.suggestions]


def skips(page_or_answer) -> dict[str, SkipReason]:
    return {s.activity_id: s.reason for s in page_or_answer.skipped}


def activity_id(n: int) -> str:
    return catalogue.opaque("t", "activity", f"activity-{n}")


@pytest.fixture
def learner(core: Core) -> str:
    return core.agree(launch_of("person-1"), EVERYTHING)


@pytest.mark.parametrize("minutes", [5, 20, 60, 120])
def test_at_most_five_suggestions_and_none_longer_than_the_time_at_hand(core: Core, minutes: int) -> None:
    page = core.page(launch_of("person-1"), "", minutes=minutes)
    assert 1 <= len(page.suggestions) <= 5
    assert all(s.activity.minutes <= minutes for s in page.suggestions)
    longer = sum(d.minutes > minutes for d in COURSE)
    assert page.too_long == longer


def test_what_is_done_well_is_not_suggested_and_said_and_can_be_taken_anyway(
    core: Core, learner: str
) -> None:
    core.intake("t", [arrival("person-1", 0), arrival("person-1", 3, EventKind.PASSED, score=0.9)])
    page = core.page(launch_of("person-1"), learner)
    assert not {"activity-0", "activity-3"} & set(keys(page))
    assert skips(page) == {activity_id(0): SkipReason.DONE, activity_id(3): SkipReason.DONE}
    offered = {
        k
        for m in (5, 20, 60, 120)
        for k in keys(core.page(launch_of("person-1"), learner, minutes=m, take_anyway=True))
    }
    assert {"activity-0", "activity-3"} <= offered


def test_what_was_failed_after_it_was_passed_is_offered_again(core: Core, learner: str) -> None:
    core.intake("t", [arrival("person-1", 2, EventKind.PASSED, score=0.9, at=NOW - timedelta(days=60))])
    assert "activity-2" not in keys(core.page(launch_of("person-1"), learner))
    core.intake("t", [arrival("person-1", 2, EventKind.FAILED, score=0.2, at=NOW - timedelta(days=1))])
    assert "activity-2" in keys(core.page(launch_of("person-1"), learner))


def test_a_prerequisite_opens_when_it_is_done(core: Core, learner: str) -> None:
    assert "activity-1" not in keys(core.page(launch_of("person-1"), learner, minutes=5))
    core.intake("t", [arrival("person-1", 0)])
    assert "activity-1" in keys(core.page(launch_of("person-1"), learner, minutes=5))


def test_a_mastered_skill_is_skipped_with_the_day_it_was_shown(core: Core, learner: str) -> None:
    answers = [
        arrival("person-1", 2, EventKind.ANSWERED, at=NOW - timedelta(hours=n), success=True, item=f"q{n}")
        for n in range(1, 25)
    ]
    core.intake("t", answers)
    page = core.page(launch_of("person-1"), learner)
    assert skips(page)[activity_id(0)] is SkipReason.MASTERED
    assert next(s.at for s in page.skipped if s.activity_id == activity_id(0)) == NOW - timedelta(hours=1)


def test_what_staff_banned_is_never_suggested_and_comes_back_when_lifted(core: Core) -> None:
    core.ban("t", "activity-0", decided_by="an administrator")
    assert "activity-0" not in keys(core.page(launch_of("person-1"), "", minutes=5))
    core.ban("t", "activity-0", decided_by="an administrator", lift=True)
    assert "activity-0" in keys(core.page(launch_of("person-1"), "", minutes=5))


@pytest.mark.parametrize(
    ("why", "days"), [(Dismissal.NOT_NOW, 1), (Dismissal.TOO_HARD, 30), (Dismissal.NOT_RELEVANT, None)]
)
def test_not_for_me_keeps_it_away_for_as_long_as_the_reason_says(
    core: Core, clock: Clock, learner: str, why: Dismissal, days: int | None
) -> None:
    first = core.page(launch_of("person-1"), learner, minutes=5).suggestions[0]
    core.dismiss("t", learner, first.suggestion.id, why)
    assert first.activity.key not in keys(core.page(launch_of("person-1"), learner, minutes=5))
    clock.forward(days=days or 365, minutes=1)
    back = first.activity.key in keys(core.page(launch_of("person-1"), learner, minutes=5))
    assert back is (days is not None)


def test_a_dismissal_can_be_undone_in_the_models_too(core: Core, learner: str) -> None:
    first = core.page(launch_of("person-1"), learner, minutes=5).suggestions[0]
    before = credit_of(core, learner)
    core.dismiss("t", learner, first.suggestion.id, Dismissal.KNOWN)
    assert credit_of(core, learner) != before
    core.undo_dismiss("t", learner, first.suggestion.id)
    assert credit_of(core, learner) == before
    assert first.activity.key in keys(core.page(launch_of("person-1"), learner, minutes=5))


def credit_of(core: Core, learner_id: str) -> blend.Tally:
    with core.models.lock("t"), core.database.read() as connection:
        state = core.models.states(connection, "t")["blend"]
    return copy.deepcopy(state.learners[learner_id])


def test_the_same_state_clock_and_seed_give_the_same_answer(make_core: MakeCore) -> None:
    pages = []
    for _ in range(2):
        core = make_core()
        core.import_catalogue("t", COURSE)
        pages.append(core.page(launch_of("person-1"), ""))
    assert pages[0].suggestions == pages[1].suggestions


def test_loading_the_page_twice_records_its_suggestions_once(core: Core, learner: str) -> None:
    core.page(launch_of("person-1"), learner)
    count = len(core.held("t", learner)["suggestions"])
    core.page(launch_of("person-1"), learner)
    assert len(core.held("t", learner)["suggestions"]) == count > 0


def test_a_record_says_who_voted_with_what_weight_and_chance_on_which_data(core: Core, learner: str) -> None:
    core.intake("t", [arrival("person-1", 2, EventKind.SCORED, score=0.2)])
    for shown in core.page(launch_of("person-1"), learner).suggestions:
        record = core.suggestion("t", learner, shown.suggestion.id).suggestion
        assert record == shown.suggestion
        assert record.votes
        assert 0 < record.propensity <= 1
        assert record.uses
        assert all(0 <= v.score <= 1 and 0 < v.weight <= 1 for v in record.votes)
        assert sum(v.score * v.weight for v in record.votes) == pytest.approx(record.value)


def test_every_suggestion_says_why_in_sentences_that_begin_with_because(core: Core, learner: str) -> None:
    for shown in core.page(launch_of("person-1"), learner).suggestions:
        assert 1 <= len(shown.reasons) <= 2
        for reason in shown.reasons:
            assert (reason.text % reason.values).startswith("Because ")


@pytest.mark.parametrize(
    ("kind", "score", "outcome"),
    [
        (EventKind.VIEWED, None, Outcome.STARTED),
        (EventKind.COMPLETED, None, Outcome.COMPLETED),
        (EventKind.SCORED, 0.9, Outcome.PASSED),
        (EventKind.SCORED, 0.3, Outcome.FAILED),
        (EventKind.PASSED, None, Outcome.PASSED),
        (EventKind.FAILED, None, Outcome.FAILED),
    ],
)
def test_what_the_learner_does_next_is_written_to_the_suggestions_record(
    core: Core, clock: Clock, learner: str, kind: EventKind, score: float | None, outcome: Outcome
) -> None:
    first = core.page(launch_of("person-1"), learner, minutes=5).suggestions[0]
    number = int(first.activity.key.rpartition("-")[2])
    core.intake("t", [arrival("person-1", number, kind, at=clock.forward(minutes=6), score=score)])
    record = core.suggestion("t", learner, first.suggestion.id).suggestion
    assert record.outcome is outcome
    assert record.outcome_at == clock.now


def test_an_outcome_never_gives_way_to_an_earlier_one(core: Core, clock: Clock, learner: str) -> None:
    first = core.page(launch_of("person-1"), learner, minutes=5).suggestions[0]
    number = int(first.activity.key.rpartition("-")[2])
    core.intake("t", [arrival("person-1", number, EventKind.PASSED, at=clock.forward(minutes=5))])
    core.intake("t", [arrival("person-1", number, EventKind.VIEWED, at=clock.forward(minutes=5))])
    assert core.suggestion("t", learner, first.suggestion.id).suggestion.outcome is Outcome.PASSED


def test_what_was_done_before_the_suggestion_was_shown_is_not_its_outcome(core: Core, learner: str) -> None:
    first = core.page(launch_of("person-1"), learner, minutes=5).suggestions[0]
    number = int(first.activity.key.rpartition("-")[2])
    core.intake("t", [arrival("person-1", number, EventKind.VIEWED, at=NOW - timedelta(hours=1))])
    assert core.suggestion("t", learner, first.suggestion.id).suggestion.outcome is Outcome.SHOWN


def test_what_was_done_weeks_after_the_suggestion_is_not_its_outcome(
    core: Core, clock: Clock, learner: str
) -> None:
    first = core.page(launch_of("person-1"), learner, minutes=5).suggestions[0]
    number = int(first.activity.key.rpartition("-")[2])
    core.intake("t", [arrival("person-1", number, EventKind.VIEWED, at=clock.forward(days=15))])
    assert core.suggestion("t", learner, first.suggestion.id).suggestion.outcome is Outcome.SHOWN


def test_the_blend_weighs_votes_and_keeps_to_what_is_allowed() -> None:
    votes = {
        "one": (Candidate("a", 1.0, (BECAUSE,)), Candidate("b", 0.5), Candidate("c", 1.0)),
        "two": (Candidate("b", 1.0), Candidate("b", 0.2)),
    }
    ranked = ranking.blend(votes, {"one": 0.25, "two": 0.75}, {"a", "b"})
    assert [(r.activity_id, r.value) for r in ranked] == [("b", 0.875), ("a", 0.25)]


def test_the_recorded_chance_is_the_frequency_with_which_an_activity_comes_first() -> None:
    ranked = [ranking.Ranked(x, v, (), (), frozenset()) for x, v in (("a", 0.52), ("b", 0.5), ("c", 0.48))]
    firsts: Counter[str] = Counter()
    chances: dict[str, float] = {}
    for seed in range(4000):
        first = ranking.draw(ranked, np.random.default_rng(seed))[0]
        firsts[first.activity_id] += 1
        chances[first.activity_id] = first.propensity
    for name, count in firsts.items():
        assert count / 4000 == pytest.approx(chances[name], abs=0.03)
    assert sum(chances.values()) == pytest.approx(1)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(0, 2**32))
def test_a_draw_has_no_doubles_and_chances_between_0_and_1(values: list[float], seed: int) -> None:
    ranked = [ranking.Ranked(f"a{n}", v, (), (), frozenset()) for n, v in enumerate(values)]
    drawn = ranking.draw(ranked, np.random.default_rng(seed))
    assert len(drawn) == min(5, len(values)) == len({d.activity_id for d in drawn})
    assert all(0 < d.propensity <= 1 for d in drawn)


class Hanging:
    @hookimpl
    def candidates(self, situation):
        while True:
            pass


class Raising:
    @hookimpl
    def candidates(self, situation):
        raise RuntimeError("broken")

    @hookimpl
    def page_sections(self, situation):
        return "nonsense"


hanging, raising = Hanging(), Raising()


def test_the_page_renders_whatever_a_plugin_does(make_core: MakeCore) -> None:
    here = f"{__name__}"
    core = make_core(plugins=Plugins(load=[f"{here}:hanging", f"{here}:raising"]))
    core.import_catalogue("t", COURSE)
    page = core.page(launch_of("person-1"), "")
    assert page.suggestions
    failures = {name: dict(h.failures) for name, h in core.plugins.isolation.health.items() if h.failures}
    assert failures == {"hanging": {"timeout": 1}, "raising": {"error": 1, "unusable": 1}}


def test_without_any_plugin_the_course_is_shown_in_its_order(make_core: MakeCore) -> None:
    core = make_core(plugins=Plugins(discover=False))
    core.import_catalogue("t", COURSE)
    page = core.page(launch_of("person-1"), "", minutes=20)
    assert keys(page)[0] == "activity-0"
    assert page.suggestions[0].reasons[0].text.startswith("Because ")


class Terse:
    @hookimpl
    def candidates(self, situation):
        return [Candidate(situation.pool[3], 0.1, (BECAUSE,))]


terse = Terse()


def test_where_strategies_name_few_the_course_fills_the_page_behind_them(make_core: MakeCore) -> None:
    core = make_core(plugins=Plugins(load=[f"{__name__}:terse"], discover=False))
    core.import_catalogue("t", COURSE)
    page = core.page(launch_of("person-1"), "", minutes=20)
    assert keys(page) == ["activity-3", "activity-0", "activity-2", "activity-5", "activity-6"]


def test_a_course_the_catalogue_does_not_know_draws_from_all_of_it(core: Core) -> None:
    from dataclasses import replace

    elsewhere = replace(
        launch_of("person-1"), context_key="https://lms.example.org#unknown", context_title="X"
    )
    assert core.page(elsewhere, "").suggestions


def test_importing_again_updates_in_place(core: Core) -> None:
    again = [draft(0, title="A better title"), *COURSE[1:]]
    steps: list[int] = []
    report = core.import_catalogue("t", again, progress=steps.append)
    assert steps == [1] * len(again)
    assert (report.new, report.changed, report.unchanged) == (0, 1, 7)
    assert core.catalogue("t").by_id[activity_id(0)].title == "A better title"
