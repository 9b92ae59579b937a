"""Teams for a task: everybody in one, skills covered, no team much stronger than another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stifinder.plugins.peers import teams


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 16), st.integers(2, 5), st.integers(0, 1000))
def test_everybody_is_in_one_team_of_nearly_the_size(people: int, size: int, seed: int) -> None:
    low = np.random.default_rng(seed).uniform(0, 1, (people, 4))
    if people < size:
        with pytest.raises(ValueError, match="no team"):
            teams.form(low, size)
        return
    found = teams.form(low, size)
    assert sorted(n for team in found for n in team) == list(range(people))
    assert max(map(len, found)) - min(map(len, found)) <= 1
    assert found == teams.form(low, size)


def test_one_expert_for_each_skill_goes_into_each_team() -> None:
    low = np.array([[0.9, 0, 0]] * 2 + [[0, 0.9, 0]] * 2 + [[0, 0, 0.9]] * 2)
    for team in teams.form(low, 3):
        assert teams.covered(low, team).all()


def test_teams_beat_those_drawn_by_chance() -> None:
    chance = np.random.default_rng(1)
    low = chance.uniform(0, 0.8, (24, 6))
    drawn = [teams.quality(low, np.split(chance.permutation(24), 6)) for _ in range(200)]
    assert teams.quality(low, teams.form(low, 4)) > max(drawn)
