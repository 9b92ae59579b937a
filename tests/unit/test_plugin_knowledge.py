"""The knowledge strategy: foretelling answers from what stood before, with counts that forget exactly."""

from __future__ import annotations

import math
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stifinder import Catalogue, Event, EventKind, Mastery, Profile
from stifinder.core.plugins import Plugins
from stifinder.lab import histories, knowledge_tracing, laws
from stifinder.lab.knowledge_tracing import Answers
from stifinder.plugins import knowledge
from stifinder.plugins.knowledge import mixing
from stifinder.plugins.knowledge.answer_log import AnswerLog, code
from stifinder.plugins.knowledge.contexts import NEW, SHIFT, Tables, keys, pushed, skill_key

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
CATALOGUE = Catalogue("tenant-1", "v1")


def answer(learner: str, number: int, right: bool, *skills: str) -> Event:
    at = START + timedelta(minutes=number)
    return Event(
        f"{learner}-{number}",
        "tenant-1",
        learner,
        EventKind.ANSWERED,
        at,
        skills=skills or ("skill-a",),
        success=right,
    )


def others(right: bool, skill: str = "skill-a", people: int = 10, times: int = 20) -> list[Event]:
    return [answer(f"learner-{20 + p}", n, right, skill) for p in range(people) for n in range(times)]


def states(events: list[Event]) -> dict[str, object]:
    return {model.name: laws.fold_all(model, events) for model in knowledge.learned_models()}


def estimated(events: list[Event], **known: object) -> dict[str, Mastery]:
    situation = histories.situation(CATALOGUE, "learner-1", events, models=states(events), **known)
    return {m.skill_id: m for m in knowledge.estimate_mastery(situation)}


def test_it_is_asked_before_the_mastery_strategy_which_speaks_where_few_share() -> None:
    plugins = Plugins().of_tenant("tenant-1", {})
    mine = [answer("learner-1", 0, True)]
    for events, speaker in ((mine, "mastery"), (mine + others(True), "knowledge")):
        models = {model.name: laws.fold_all(model, events) for _, model in plugins.models()}
        situation = histories.situation(CATALOGUE, "learner-1", events, models=models)
        answered = plugins.first("estimate_mastery", situation=situation)
        assert answered is not None
        assert answered.plugin == speaker


def test_what_others_get_is_the_starting_point_and_ones_own_answers_move_it() -> None:
    wrong, right = [answer("learner-1", 0, False)], [answer("learner-1", 0, True)]
    easy, hard = (others(r) + others(not r, "skill-b") for r in (True, False))
    assert estimated(right + easy)["skill-a"].mean > estimated(right + hard)["skill-a"].mean + 0.2
    assert estimated(wrong + easy)["skill-a"].mean < estimated(right + easy)["skill-a"].mean


def test_nothing_of_a_skill_that_fewer_than_five_answered_is_used() -> None:
    mine = [answer("learner-1", 0, True)]
    crowd = others(True, "skill-b") + others(False, "skill-b", people=9)
    few = [e for p in range(3) for e in others(p != 0, "skill-a", people=3)][:40]
    alone = states(mine + crowd)
    with_few = states(mine + crowd + few)
    tables = with_few[knowledge.SHARED.name]
    assert isinstance(tables, Tables)
    assert mixing.mean(tables, code("skill-a")) == mixing.usual_share(tables.total)
    tables = alone[knowledge.SHARED.name]
    assert isinstance(tables, Tables)
    assert mixing.mean(tables, code("skill-b")) != mixing.usual_share(tables.total)


def test_what_was_answered_just_before_counts() -> None:
    crowd = []
    for person in range(40):  # right on b exactly after right on a
        well = person % 2 == 0
        crowd += [answer(f"learner-{20 + person}", n, well, f"skill-{'ab'[n]}") for n in range(2)]
    after_right = states([answer("learner-1", 0, True, "skill-a"), *crowd])
    after_wrong = states([answer("learner-1", 0, False, "skill-a"), *crowd])
    high = knowledge.OWN.foretell(after_right, "learner-1", "skill-b")
    low = knowledge.OWN.foretell(after_wrong, "learner-1", "skill-b")
    assert high > low + 0.3


def test_an_answer_on_two_skills_does_not_foretell_itself() -> None:
    twins = Tables()
    twins.learn(answer("learner-1", 0, True, "skill-a", "skill-b"))
    empty_before = keys([], [], NEW, code("skill-b"))
    assert twins.counts[empty_before.after] == 1 << SHIFT | 1
    assert twins.answers == 2


def test_ranges_hold_the_mean_and_narrow_with_answers() -> None:
    widths = []
    for number in (1, 10, 100):
        found = estimated(
            [
                *others(True),
                *others(False, people=5),
                *(answer("learner-1", n, n % 4 > 0) for n in range(number)),
            ]
        )
        one = found["skill-a"]
        assert 0 <= one.low <= one.mean <= one.high <= 1
        assert one.answers == number
        widths.append((one.high - one.low) / math.sqrt(one.mean * (1 - one.mean)))
    assert widths == sorted(widths, reverse=True)


def test_a_rating_counts_weakly_and_rests_on_no_answers() -> None:
    events = [answer("learner-1", 0, True, "skill-b"), *others(True)]
    said = estimated(events, profile=Profile(stated_levels={"skill-a": 1.0}))["skill-a"]
    new = estimated(events, profile=Profile(stated_levels={"skill-a": 0.0}))["skill-a"]
    assert said.answers == new.answers == 0
    assert 0.05 < said.mean - new.mean < 0.5


def test_without_answers_or_models_it_is_silent() -> None:
    assert estimated(others(True)) == {}
    assert knowledge.estimate_mastery(histories.situation(CATALOGUE)) == ()


def test_views_are_differences_of_logits_drawn_to_the_plainer_share() -> None:
    found = keys([code("skill-b")], [1], NEW, code("skill-a"))
    counts = {found.skill: 30 << SHIFT | 40, found.after: 9 << SHIFT | 10}
    seen = mixing.views(lambda key: counts.get(key, 0), 0.5, True, found, mixing.Surplus(0.1, 0.2, 0.3))
    plain = (30 + 10 * 0.5) / 50
    after = (9 + 6 * plain) / 16
    assert seen[1] == pytest.approx(math.log(plain / (1 - plain)))
    assert seen[2] == pytest.approx(math.log(after / (1 - after)) - seen[1])
    assert seen[3:] == pytest.approx([0, 0, 0, 0, 0, 0.1, 0.2, 0.3])


def test_the_fit_finds_the_weights_that_made_the_answers() -> None:
    chance = np.random.default_rng(1)
    seen = np.column_stack([np.ones(20_000), chance.normal(size=(20_000, len(mixing.USUAL) - 1))])
    made = mixing.USUAL + chance.normal(0, 0.3, len(mixing.USUAL))
    results = (chance.random(20_000) < 1 / (1 + np.exp(-seen @ made))).astype(np.float64)
    assert np.abs(mixing.fit(seen, results) - made).max() < 0.1
    assert np.abs(mixing.fit(seen[:20], results[:20]) - mixing.USUAL).max() < 0.5  # few answers move little


def test_the_fit_equals_scikit_learns_when_it_is_drawn_nowhere() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    chance = np.random.default_rng(2)
    seen = np.column_stack([np.ones(3000), chance.normal(size=(3000, len(mixing.USUAL) - 1))])
    results = (chance.random(3000) < 0.6).astype(np.float64)
    theirs = linear.LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-8, max_iter=1000).fit(
        seen, results
    )
    assert mixing.fit(seen, results, trust=1e-9) == pytest.approx(theirs.coef_[0], abs=1e-4)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), max_size=12))
def test_recent_answers_are_kept_as_bits_and_only_the_latest(marks: list[bool]) -> None:
    recent = NEW
    for mark in marks:
        recent = pushed(recent, int(mark))
    assert bin(recent)[3:] == "".join("01"[m] for m in marks[-5:])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 4), st.lists(st.sampled_from("abcd"), min_size=1, max_size=3), st.booleans()
        ),
        max_size=60,
    )
)
def test_counts_made_at_once_replayed_or_loaded_are_the_same_and_chances_are_chances(
    made: list[tuple[int, list[str], bool]],
) -> None:
    events = [answer(f"learner-{who}", n, right, *skills) for n, (who, skills, right) in enumerate(made)]
    tables = laws.fold_all(knowledge.SHARED, events)
    assert knowledge.SHARED.load(knowledge.SHARED.dump(tables)).counts == tables.counts
    assert tables.answers == sum(len(set(skills)) for _, skills, _ in made)
    for learner in list(tables.learners):
        tables = knowledge.SHARED.subtract(tables, learner)
    assert tables.counts == tables.people == {}
    both = states(events)
    assert all(0 < knowledge.OWN.foretell(both, "learner-1", f"{s}") < 1 for s in "abcdz")


def test_after_forgetting_no_weights_fitted_with_that_learner_are_used() -> None:
    tables = laws.fold_all(
        knowledge.SHARED, [e for r in (True, False) for e in others(r, people=60, times=25)]
    )
    mixing.prepare(tables)
    assert isinstance(tables.solution, mixing.Solution)
    fitted = mixing.weights(tables)
    assert fitted is tables.solution.weights
    knowledge.SHARED.subtract(tables, "learner-20")
    assert tables.solution is None
    tables.solving = True  # a fit that was begun before must not come back either
    assert mixing.weights(tables) is mixing.USUAL


def test_a_learner_takes_two_bytes_an_answer() -> None:
    log = AnswerLog()
    for n in range(800):  # a hundred skills, eight answers on each
        log.learn(answer("learner-1", n, n % 3 > 0, f"skill-{n % 100}"))
    assert sys.getsizeof(log.learners["learner-1"]) < 2000


def test_a_stored_state_that_is_cut_short_or_names_no_skill_is_refused() -> None:
    whole = knowledge.OWN.dump(laws.fold_all(knowledge.OWN, [answer("learner-1", 0, True)]))
    for broken in (whole[:-1], whole.replace(b"\x91\xa7skill-a", b"\x90")):
        assert broken != whole
        with pytest.raises(ValueError, match="not a stored state"):
            knowledge.OWN.load(broken)


def test_rows_that_may_be_one_answer_are_held_back_whatever_the_answers_say() -> None:
    assert knowledge_tracing.possible_twins(list("aabab")) == [0, 1, 1, 2, 3]
    assert knowledge_tracing.possible_twins(list("abcdef")) == [0, 0, 0, 0, 1, 2]
    learner = Answers(tuple("aababc"), (True, True, True, False, True, True))
    assert knowledge_tracing.together(learner) == [range(0, 1), range(1, 3), range(3, 4), range(4, 6)]


def test_a_twin_row_gives_nothing_away_when_twins_are_held_back() -> None:
    chance = np.random.default_rng(3)
    people = []
    for _ in range(150):  # every question has both skills, and is right by the toss of a coin
        marks = np.repeat(chance.random(20) < 0.5, 2).tolist()
        people.append(Answers(tuple("ab" * 20), tuple(marks)))
    plugin = next(p for p in knowledge_tracing.foretellers(Plugins()) if p.plugin == "knowledge")
    peeking = knowledge_tracing.foretell(plugin, knowledge_tracing.learn(plugin, people[:100]), people[100:])
    states = knowledge_tracing.learn(plugin, people[:100], twins=True)
    honest = knowledge_tracing.foretell(plugin, states, people[100:], twins=True)
    assert peeking.auc > 0.7
    assert abs(honest.auc - 0.5) < 0.05


@pytest.mark.slow
def test_it_foretells_the_next_answer_of_real_learners_better_than_counts_alone(data: Path) -> None:
    folder = data / "knowledge_tracing"
    train = knowledge_tracing.read(folder / "assist2009_updated_train.csv")[:500]
    test = knowledge_tracing.read(folder / "assist2009_updated_test.csv")[:60]
    found = {}
    for plugin in knowledge_tracing.foretellers(Plugins()):
        score = knowledge_tracing.foretell(plugin, knowledge_tracing.learn(plugin, train), test)
        found[plugin.plugin] = score.auc
    assert found["knowledge"] > 0.78
    assert found["knowledge"] > found["mastery"] + 0.05


def test_the_key_of_a_skill_is_its_own_count() -> None:
    tables = laws.fold_all(knowledge.SHARED, [answer("learner-1", 0, True), answer("learner-1", 1, False)])
    assert tables.counts[skill_key(code("skill-a"))] == 1 << SHIFT | 2
