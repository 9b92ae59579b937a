"""Simulated learners: the mind follows its laws, trials repeat, better strategies are seen to be better."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from stifinder import Candidate, Situation, hookimpl
from stifinder.core.errors import NotFound
from stifinder.core.plugins import Plugins
from stifinder.lab.simulation import report, world
from stifinder.lab.simulation.mind import Mind, Trace
from stifinder.lab.simulation.parameters import USUAL, Forgetting, Leaving, Parameters
from stifinder.lab.simulation.strategies import Available, Patient
from stifinder.lab.simulation.trial import Trial
from stifinder.lti_tool.cli import main

SMALL = report.Plan(("fixed-order", "random"), learners=12, days=10, earlier=4)


def test_what_is_left_of_practice_is_the_power_law_worked_out_by_hand():
    how = Forgetting(slow=0.5, massed=0.25)
    trace = Trace()
    trace.practise(0.0, 1.0, how)
    assert trace.left(3.0) == pytest.approx(4**-0.5)
    trace.practise(3.0, 2.0, how)  # a half is left, so its decay is 0.5 + 0.25 / 2
    assert trace.left(8.0) == pytest.approx(9**-0.5 + 2 * 6**-0.625)


def test_spaced_practice_lasts_longer_than_massed_practice():
    spaced, massed = Trace(), Trace()
    for n in range(6):
        spaced.practise(n * 2.0, 1.0, USUAL.forgetting)
        massed.practise(10.0, 1.0, USUAL.forgetting)
    assert spaced.left(10.0) < massed.left(10.0)
    assert spaced.left(200.0) > massed.left(200.0)


@given(
    days=st.lists(st.floats(0, 300), min_size=1, max_size=8),
    base=st.floats(-30, 30),
    later=st.floats(0.01, 500),
)
def test_practice_raises_a_chance_and_time_lowers_it(days, base, later):
    mind = Mind([base], USUAL)
    before = mind.chance(0, max(days))
    for day in sorted(days):
        mind.practise(0, day, 1.0)
    after, much_later = mind.chance(0, max(days)), mind.chance(0, max(days) + later)
    assert 0 <= before <= much_later <= after <= 1


def test_bad_results_make_giving_up_likelier_and_usual_ones_leave_the_fitted_curve():
    mind = Mind([0.0], USUAL)
    staying = np.prod([1 - mind.leaves(day) for day in range(100)])
    assert staying == pytest.approx(np.exp(-((100 / USUAL.leaving.scale) ** USUAL.leaving.shape)))
    usual = mind.leaves(5)
    for _ in range(10):
        mind.experience(False, 0.5)
    assert mind.leaves(5) > usual


def test_the_same_seed_gives_the_same_report_and_another_seed_another_one():
    assert report.compare(SMALL, Available()) == report.compare(SMALL, Available())
    assert report.compare(SMALL, Available()) != report.compare(replace(SMALL, seed=2), Available())


def test_installed_strategies_give_the_same_figures_twice():
    plan = report.Plan(("shipped",), learners=5, days=5, earlier=3)
    # By their words: with so few people there are groups of nobody, and NaN equals nothing.
    assert repr(report.compare(plan, Available())) == repr(report.compare(plan, Available()))


def test_a_strategy_is_compared_with_the_first_person_by_person():
    first, other = report.compare(SMALL, Available())
    assert not first.differences
    for what, estimate in other.differences.items():
        assert estimate.value == pytest.approx(other.figures[what].value - first.figures[what].value)
    for figure in other.figures.values():
        assert figure.low <= figure.value <= figure.high


class OnlyWhatIsWanted:
    """Votes for what serves the learner's goals and is not known yet: it is told what the simulator knows."""

    def __init__(self, people):
        self.people = {one.learner.id: one for one in people}

    @hookimpl
    def candidates(self, situation: Situation):
        one = self.people[situation.learner.id]
        day = (situation.now - self.start).total_seconds() / 86400
        found = []
        for name in situation.pool:
            skill = self.course.skill[name]
            if skill in one.goals:
                found.append(Candidate(name, 1 - one.mind.chance(skill, day)))
        return found


def test_a_strategy_that_knows_the_truth_is_seen_to_be_better_than_the_fixed_order(monkeypatch):
    course = world.course(1, USUAL)
    people = world.people(30, 21, 1, USUAL, course, "learner")
    plain = Trial(course, Available().plugins("fixed-order"), 1).run(world.fresh(people), 21)
    mine = world.fresh(people)
    knowing = OnlyWhatIsWanted(mine)
    monkeypatch.setitem(sys.modules, "knowing", knowing)
    plugins = Plugins(load=["knowing"], discover=False, isolation=Patient())
    trial = Trial(course, plugins, 1)
    knowing.course, knowing.start = course, trial.start
    better = trial.run(mine, 21)
    gains = [np.mean([r.after - r.before for r in found]) for found in (plain, better)]
    assert gains[1] > 1.3 * gains[0]


def test_people_who_give_up_learn_no_more_but_are_counted():
    leaving = Parameters(leaving=Leaving(scale=1.0, shape=1.0))
    (found,) = report.compare(replace(SMALL, strategies=("fixed-order",)), Available(), leaving)
    assert found.figures["left"].value == 1.0
    assert found.figures["gain"].value < 0.02


def test_outcomes_credit_the_strategies_that_voted():
    course = world.course(1, USUAL)
    people = world.people(8, 10, 1, USUAL, course, "learner")
    trial = Trial(course, Available().plugins("random"), 1)
    trial.run(people, 10)
    blend = next(m for m in trial.models if m.name == "blend")
    assert blend.dump(trial.states["blend"]) != blend.dump(blend.empty())


def test_strategies_take_no_part_beyond_what_their_name_says():
    def voting(name):
        hooks = Available().plugins(name)._manager.hook.candidates.get_hookimpls()
        return {h.plugin_name for h in hooks}

    everything = voting("shipped")
    assert {"content", "collaborative"} <= everything
    assert voting("content") == {"content"}
    assert voting("content+beginners") == {"content", "beginners"}
    assert voting("without:content") == everything - {"content"}
    assert voting("fixed-order") == set()


def test_an_unknown_plugin_is_answered_with_those_there_are():
    with pytest.raises(NotFound, match=r"no plugin 'contend'.*content.*spacing.*fixed-order"):
        Available().plugins("contend")


def run(*arguments):
    return CliRunner().invoke(main, ["simulate", *arguments])


def test_the_command_compares_and_speaks_json():
    small = ("--learners", "6", "--days", "4")
    told = run("fixed-order", "random", *small)
    assert told.exit_code == 0, told.output
    assert "Difference to fixed-order" in told.output
    found = json.loads(run("fixed-order", "random", "--json", *small).output)
    assert [s["name"] for s in found["strategies"]] == ["fixed-order", "random"]
    assert set(found["strategies"][1]["figures"]) == set(report.FIGURES)
    assert found["plan"]["learners"] == 6


def test_the_command_names_the_cure_for_a_wrong_name():
    told = run("contend")
    assert told.exit_code == 2
    assert "There is no plugin 'contend'." in told.output
    assert "--load" in told.output


def test_a_plugin_that_fails_is_told_of(tmp_path, monkeypatch):
    (tmp_path / "failing_plugin.py").write_text(
        "from stifinder import hookimpl\n\n@hookimpl\ndef candidates(situation):\n    return 1 / 0\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    told = run("--load", "failing_plugin", "failing_plugin", "--learners", "2", "--days", "4")
    assert told.exit_code == 0, told.output
    assert "failing_plugin lost its vote: candidates: error, ZeroDivisionError" in told.output
