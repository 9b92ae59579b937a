"""The mastery strategy: estimates that start with the first answer and say how sure they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from stifinder import Catalogue, Event, EventKind, Mastery, Profile
from stifinder.core.errors import InvalidInput
from stifinder.core.plugins import Plugins
from stifinder.lab import histories, knowledge_tracing, laws
from stifinder.plugins import mastery
from stifinder.plugins.mastery.counts import Counts

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
CATALOGUE = Catalogue("tenant-1", "v1")


def answer(
    learner: str, number: int, right: bool, skill: str = "skill-a", kind: EventKind = EventKind.ANSWERED
) -> Event:
    at = START + timedelta(minutes=number)
    return Event(f"{learner}-{skill}-{number}", "tenant-1", learner, kind, at, skills=(skill,), success=right)


def estimated(events: list[Event], **known: object) -> dict[str, Mastery]:
    models = {model.name: laws.fold_all(model, events) for model in mastery.learned_models()}
    situation = histories.situation(CATALOGUE, "learner-1", events, models=models, **known)
    return {m.skill_id: m for m in mastery.estimate_mastery(situation)}


def test_one_answer_already_moves_the_estimate_and_says_it_is_one() -> None:
    right = estimated([answer("learner-1", 0, True)])["skill-a"]
    wrong = estimated([answer("learner-1", 0, False)])["skill-a"]
    assert wrong.mean < right.mean
    assert right.answers == wrong.answers == 1
    assert wrong.low < right.mean < right.high  # one answer does not settle it


def test_the_interval_narrows_with_answers_and_holds_the_mean() -> None:
    widths = []
    for number in (1, 5, 25, 125):
        found = estimated([answer("learner-1", n, n % 4 != 0) for n in range(number)])["skill-a"]
        assert 0 <= found.low <= found.mean <= found.high <= 1
        widths.append(found.high - found.low)
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.5 * widths[0]


def test_what_others_get_is_the_starting_point() -> None:
    mine = [answer("learner-1", 0, True)]
    easy = [answer(f"learner-{n}", m, True) for n in range(20, 30) for m in range(20)]
    hard = [answer(f"learner-{n}", m, False) for n in range(20, 30) for m in range(20)]
    assert estimated(mine + easy)["skill-a"].mean > estimated(mine + hard)["skill-a"].mean + 0.2


def test_fewer_than_five_people_do_not_shape_anybodys_estimate() -> None:
    mine = [answer("learner-1", 0, True)]
    few = [answer(f"learner-{n}", m, False) for n in range(20, 23) for m in range(20)]
    assert estimated(mine + few) == estimated(mine)


def test_other_skills_carry_over() -> None:
    elsewhere = [answer("learner-1", n, True, "skill-b") for n in range(20)]
    badly = [answer("learner-1", n, False, "skill-b") for n in range(20)]
    one = answer("learner-1", 0, True)
    assert estimated([one, *elsewhere])["skill-a"].mean > estimated([one, *badly])["skill-a"].mean


def test_what_the_learner_says_counts_weakly_and_rests_on_no_answers() -> None:
    said = estimated([], profile=Profile(stated_levels={"skill-a": 1.0}))["skill-a"]
    new = estimated([], profile=Profile(stated_levels={"skill-a": 0.0}))["skill-a"]
    assert said.answers == new.answers == 0
    assert new.mean < said.mean < 0.9
    wrong = [answer("learner-1", n, False) for n in range(8)]
    assert estimated(wrong, profile=Profile(stated_levels={"skill-a": 1.0}))["skill-a"].mean < 0.5


def test_ratings_and_self_checks_are_no_results() -> None:
    events = [
        answer("learner-1", n, True, kind=k) for n, k in enumerate((EventKind.RATED, EventKind.REVIEWED))
    ]
    assert estimated(events) == {}


def test_without_its_model_it_is_silent() -> None:
    situation = histories.situation(CATALOGUE, profile=Profile(stated_levels={"skill-a": 1.0}))
    assert mastery.estimate_mastery(situation) == ()


def test_a_learner_who_does_not_share_is_in_no_norm() -> None:
    # The core folds by purpose; the norms are a model of their own so that sharing is a choice of its own.
    purposes = {model.name: str(model.purpose) for model in mastery.learned_models()}
    assert purposes == {"mastery": "suggestions", "skill-norms": "shared-models"}


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    chance = np.random.default_rng(5)
    held = []
    for n in range(300):
        truth = chance.beta(6.5, 3.5)
        state = Counts()
        for event in (answer("learner-1", m, bool(chance.random() < truth)) for m in range(n % 20)):
            state.learn(event)
        found = mastery.estimate(
            state.learners.get("learner-1", {}), {"skill-a": 0.65}, None, mastery.Settings()
        )
        held.append(found[0].low <= truth <= found[0].high)
    assert 0.7 < np.mean(held) < 0.92


@pytest.mark.slow
def test_it_foretells_the_next_answer_of_real_learners(data: Path) -> None:
    folder = data / "knowledge_tracing"
    train = knowledge_tracing.read(folder / "assist2009_updated_train.csv")
    test = knowledge_tracing.read(folder / "assist2009_updated_test.csv")[:120]
    plugin = next(p for p in knowledge_tracing.foretellers(Plugins()) if p.plugin == "mastery")
    score = knowledge_tracing.foretell(plugin, knowledge_tracing.learn(plugin, train), test)
    assert len(score.right) > 5_000
    assert score.auc > 0.68


def test_a_file_of_answers_whose_lines_do_not_fit_says_where(tmp_path: Path) -> None:
    broken = tmp_path / "answers.csv"
    broken.write_text("2\n1,2\n1,0\n3\n1,2,3\n1,0\n")
    with pytest.raises(InvalidInput, match=r"answers\.csv line 4"):
        knowledge_tracing.read(broken)
