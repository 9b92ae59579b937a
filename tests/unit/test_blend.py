"""Weights learned from what comes of suggestions: bounded trying out, exact chances, exact forgetting."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta
from small_course import COURSE, EVERYTHING, Clock, MakeCore, arrival, launch_of
from stifinder import Candidate, Event, EventKind
from stifinder.core import arms, blend, ranking
from stifinder.core.choices import checked
from stifinder.core.errors import InvalidInput
from stifinder.core.proposals import Dismissal, Outcome
from stifinder.core.service import Core
from stifinder.lab import laws

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NAMES = ("one", "two", "three")


def said(n: int, votes: dict[str, float], score: float, *, of: str = "", learner: str = "learner-1") -> Event:
    """What a page showed (``of`` ""), or what came of one of its suggestions."""
    return Event(
        f"e{n}", "t", learner, EventKind.OUTCOME, NOW, activity_id=of, item="some", score=score, votes=votes
    )


def learned(good: str, bad: str, pages: int = 60) -> blend.State:
    model, state = blend.BlendModel(), blend.State()
    for n in range(pages):
        for name in (good, bad):
            state = model.fold(state, said(n, {name: 1.0, f">{name}": 1.0}, 0.1))
        state = model.fold(state, said(n, {good: 1.0, f">{good}": 1.0}, 0.9, of="activity-1"))
    return state


def test_with_nobody_seen_all_strategies_weigh_the_same() -> None:
    assert blend.weights(None, NAMES) == pytest.approx(dict.fromkeys(NAMES, 1 / 3))


def test_strategies_whose_suggestions_go_well_weigh_more_and_a_new_one_starts_in_the_middle() -> None:
    weights = blend.weights(learned("good", "bad"), ["good", "bad", "new"], "some")
    assert weights["good"] > weights["new"] >= weights["bad"] > 0
    assert sum(weights.values()) == pytest.approx(1)


def test_what_is_passed_over_speaks_against_a_strategy_only_beside_what_is_taken_up() -> None:
    model, state = blend.BlendModel(), blend.State()
    for n in range(100):
        state = model.fold(state, said(n, {"one": 0.9, "two": 0.1}, 0.1))
    assert blend.weights(state, ("one", "two"), "some") == pytest.approx({"one": 0.5, "two": 0.5})


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.floats(0, 1)), max_size=80), st.floats(0, 0.2))
@settings(max_examples=40, deadline=None)
def test_no_strategy_is_ever_silenced_and_policy_bounds_what_is_tried(
    told: list[tuple[str, float]], exploration: float
) -> None:
    model, state = blend.BlendModel(), blend.State()
    for n, (name, score) in enumerate(told):
        state = model.fold(state, said(n, {name: 1.0, f">{name}": 3.0}, score))
    found = blend.policy(state, NAMES, "some", exploration)
    assert sum(arm.chance for arm in found) == pytest.approx(1)
    assert found[0].chance == pytest.approx(1 - exploration)
    assert all(arm.chance >= 0.1 * exploration / 4 - 1e-12 for arm in found[1:])
    least = (1 - arms.LEAN) / len(NAMES)
    assert all(weight >= least - 1e-12 for arm in found for weight in arm.weights.values())
    assert all(sum(arm.weights.values()) == pytest.approx(1) for arm in found)


def test_the_chance_of_an_arm_is_the_chance_that_it_is_best() -> None:
    shapes = ((30.0, 20.0), (8.0, 4.0), (300.0, 210.0))
    for n, (a, b) in enumerate(shapes):
        rest = [beta(*s).cdf for m, s in enumerate(shapes) if m != n]
        exact, _ = quad(
            lambda x, a=a, b=b, rest=rest: beta(a, b).pdf(x) * rest[0](x) * rest[1](x), 0, 1, limit=200
        )
        assert arms.best(shapes)[n] == pytest.approx(exact, abs=0.002)


def votes() -> dict[str, tuple[Candidate, ...]]:
    chance = np.random.default_rng(3)
    return {
        name: tuple(Candidate(f"a{n}", float(score)) for n, score in enumerate(chance.random(6)))
        for name in NAMES
    }


def test_recorded_chances_are_the_frequencies_with_which_pages_come_out_so() -> None:
    weighings = blend.policy(learned("one", "two"), NAMES, "some", 0.5)
    ranked = ranking.blend(votes(), weighings[0].weights, {f"a{n}" for n in range(6)}, weighings)
    pages, chances = Counter[tuple[str, ...]](), dict[tuple[str, ...], float]()
    times = 6000
    for seed in range(times):
        generator = np.random.default_rng(seed)
        drawn = ranking.draw(ranked, generator, 2, weighings, ranking.pick(weighings, generator))
        page = tuple(d.activity_id for d in drawn)
        pages[page] += 1
        chances[page] = float(np.prod([d.propensity for d in drawn]))
    assert len(pages) > 3
    for page, count in pages.items():
        spread = (chances[page] * (1 - chances[page]) / times) ** 0.5
        assert abs(count / times - chances[page]) < 4.5 * spread + 1e-3
    assert sum(chances.values()) == pytest.approx(1, abs=0.01)


def test_the_weight_of_each_arm_averages_1_over_what_is_shown() -> None:
    weighings = blend.policy(None, NAMES, "some", 1.0)
    ranked = ranking.blend(votes(), weighings[0].weights, {f"a{n}" for n in range(6)}, weighings)
    ratios = []
    for seed in range(4000):
        generator = np.random.default_rng(seed)
        (drawn,) = ranking.draw(ranked, generator, 1, weighings, ranking.pick(weighings, generator))
        ratios.append([drawn.ratios[arm.name] for arm in weighings[1:]])
    assert np.mean(ratios, axis=0) == pytest.approx(np.ones(4), abs=0.1)


def test_next_chances_agree_with_the_draw() -> None:
    weighings = blend.policy(None, NAMES, "some", 0.3)
    ranked = ranking.blend(votes(), weighings[0].weights, {f"a{n}" for n in range(6)}, weighings)
    drawn = ranking.draw(ranked, np.random.default_rng(1), 4, weighings, 2)
    place = {r.activity_id: n for n, r in enumerate(ranked)}
    above: list[str] = ["put first by staff"]
    for each in drawn:
        chances = ranking.next_chances(ranked, above, weighings)
        assert sum(chances) == pytest.approx(1)
        assert chances[place[each.activity_id]] == pytest.approx(each.propensity)
        above.append(each.activity_id)


EVENTS = st.builds(
    Event,
    id=st.uuids().map(str),
    tenant_id=st.just("t"),
    learner_id=st.sampled_from(["learner-1", "learner-2", "learner-3"]),
    kind=st.sampled_from([EventKind.OUTCOME, EventKind.VIEWED]),
    at=st.just(NOW),
    activity_id=st.sampled_from(["", "activity-1"]),
    item=st.sampled_from(["", "first", "some", "long"]),
    score=st.none() | st.floats(-1, 1),
    votes=st.dictionaries(st.sampled_from(["one", ">one", ">"]), st.floats(0, 10)),
)


@given(st.lists(EVENTS, max_size=25), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_it_adds_up_and_forgets_exactly(events: list[Event], seed: int) -> None:
    laws.check_all(blend.BlendModel(), events, seed=seed)


# --- on the page ---------------------------------------------------------------------------------


@pytest.fixture
def learner(core: Core) -> str:
    return core.agree(launch_of("person-1"), EVERYTHING)


def tallies(core: Core) -> blend.State:
    with core.models.lock("t"), core.database.read() as connection:
        state: blend.State = core.models.states(connection, "t")["blend"]
    return state


def test_what_a_page_showed_counts_once_however_often_it_is_loaded(core: Core, learner: str) -> None:
    core.page(launch_of("person-1"), learner)
    once = blend.BlendModel().dump(tallies(core))
    core.page(launch_of("person-1"), learner)
    assert blend.BlendModel().dump(tallies(core)) == once
    heard = sum(w for key, (_, w, _) in tallies(core).total.items() if ">" not in key)
    assert heard == pytest.approx(1000 * len(core.held("t", learner)["suggestions"]), abs=5)


def test_in_the_end_a_suggestion_counts_as_its_last_outcome(core: Core, clock: Clock, learner: str) -> None:
    first = core.page(launch_of("person-1"), learner, minutes=5).suggestions[0]
    before = sum(c for key, (c, _, _) in tallies(core).total.items() if ">" not in key)
    core.start("t", learner, first.suggestion.id)
    number = int(first.activity.key.rpartition("-")[2])
    core.intake("t", [arrival("person-1", number, EventKind.PASSED, at=clock.forward(minutes=5), score=0.9)])
    after = sum(c for key, (c, _, _) in tallies(core).total.items() if ">" not in key)
    gained = 1000 * (blend.VALUE[Outcome.PASSED] - blend.VALUE[Outcome.SHOWN])
    assert after - before == pytest.approx(gained, abs=5)


def test_nothing_is_counted_for_who_agreed_to_nothing_kept_from_the_page(core: Core) -> None:
    statements = frozenset(pair for pair in EVERYTHING if pair[1] != "page")
    learner = core.agree(launch_of("person-1"), statements)
    core.page(launch_of("person-1"), learner)
    assert tallies(core).total == {}


def test_an_erased_learner_leaves_no_tally(core: Core, learner: str) -> None:
    core.dismiss(
        "t", learner, core.page(launch_of("person-1"), learner).suggestions[0].suggestion.id, Dismissal.KNOWN
    )
    assert tallies(core).total
    core.erase("t", learner)
    assert tallies(core) == blend.State()


def test_exploration_is_a_choice_of_the_tenant_and_bounded() -> None:
    assert checked("exploration", 0, course=True) == 0
    with pytest.raises(InvalidInput):
        checked("exploration", 50, course=False)


def test_without_exploration_every_page_uses_the_learned_weights(make_core: MakeCore, clock: Clock) -> None:
    core = make_core()
    core.import_catalogue("t", COURSE)
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    with core.database.write() as connection:
        from stifinder.core.store import choices

        choices.choose(connection, "t", "", "exploration", 0, clock.now)
    for _ in range(5):
        for shown in core.page(launch_of("person-1"), learner).suggestions:
            state = tallies(core)
            names = {v.strategy for v in shown.suggestion.votes}
            weights = {v.strategy: v.weight for v in shown.suggestion.votes}
            assert names
            assert max(weights.values()) <= arms.LEAN + (1 - arms.LEAN) / 2
            assert state.total
        clock.forward(days=1)
