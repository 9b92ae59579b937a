"""The simulated mind against real people: the curves of the public data, within what is promised."""

from dataclasses import replace

import numpy as np
import pytest
from stifinder.lab.bench.suite import NoData
from stifinder.lab.simulation import curves, fit, pictures, real
from stifinder.lab.simulation.parameters import USUAL, Forgetting, Leaving
from stifinder.lab.simulation.real import Answered, Reviewed


def public(read, *arguments):
    try:
        return read(*arguments)
    except NoData as error:
        pytest.skip(str(error))


@pytest.mark.slow
def test_learning_curve_and_spread_of_people_match():
    train, test = public(real.answered, "train"), public(real.answered, "test")
    ease = fit.eases(train, USUAL.answering)
    learning = curves.learning(test, USUAL.answering, ease)
    assert learning.mean_gap < 0.03
    assert learning.widest < 0.05
    assert curves.spread(test, USUAL.answering, ease).mean_gap < 0.04


def test_forgetting_curve_matches():
    data = public(real.reviewed)
    curve = curves.recall(data, USUAL.forgetting, pictures.CARDS)
    assert curve.mean_gap < 0.025
    assert curve.widest < 0.12
    other = curves.recall(data, Forgetting(slow=1.0, massed=0.0), pictures.CARDS)
    assert other.mean_gap > 2 * curve.mean_gap


def test_giving_up_matches():
    data = public(real.stayed)
    curve = curves.staying(data, USUAL.leaving)
    assert curve.mean_gap < 0.015
    assert curve.widest < 0.035
    assert fit.leaving(data).scale == pytest.approx(USUAL.leaving.scale, rel=0.01)


def test_the_fit_finds_the_parameters_that_answers_were_made_with():
    chance = np.random.default_rng(1)
    person, skill = (a.ravel() for a in np.meshgrid(np.arange(400), np.arange(8)))
    known = replace(USUAL.answering, people=0.9, pairs=0.5, gain=0.6)
    able = chance.normal(size=400)[person] * known.people + chance.normal(size=len(person)) * known.pairs
    ease = np.linspace(-1, 1, 8)
    pair, before = (a.ravel() for a in np.meshgrid(np.arange(len(person)), np.arange(6), indexing="ij"))
    logit = (able + ease[skill])[pair] + known.gain * np.log1p(before)
    right = (chance.random(len(logit)) < 1 / (1 + np.exp(-logit))).astype(float)
    found, _ = fit.answering(Answered(right, before, pair, person, skill))
    assert found.gain == pytest.approx(known.gain, abs=0.06)
    assert found.people == pytest.approx(known.people, abs=0.15)
    assert np.hypot(found.people, found.pairs) == pytest.approx(np.hypot(0.9, 0.5), abs=0.1)


def test_what_is_left_of_a_card_is_what_the_mind_says():
    from stifinder.lab.simulation.mind import Trace

    days = [0.0, 1.0, 5.0, 30.0]
    data = Reviewed(np.array([days]), np.ones((1, 4)))
    trace, expected = Trace(), []
    for day in days:
        expected.append(trace.left(day))
        trace.practise(day, 1.0, USUAL.forgetting)
    assert fit.left_of(data, USUAL.forgetting, pictures.CARDS)[0] == pytest.approx(expected)


def test_pictures_name_what_they_show(tmp_path):
    curve = curves.Curve(
        "recall", "Forgetting", "days", "recalled", ("1", "2"), (0.8, 0.7), (0.8, 0.6), (5, 15)
    )
    assert curve.mean_gap == pytest.approx(0.075)
    found = pictures.Fitted(USUAL.answering, USUAL.forgetting, pictures.CARDS, Leaving(), (curve,))
    (file,) = pictures.draw(found, tmp_path)
    for words in ("Forgetting", "days", "recalled", "simulated"):
        assert words in file.read_text()
