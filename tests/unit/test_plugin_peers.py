"""The peer strategy: complementary strengths, stated only where likely, and one matching for everybody."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from stifinder import Activity, Catalogue, Mastery, Peer, PeerMatch, Profile, SkillLevel
from stifinder.lab import histories
from stifinder.plugins import peers
from stifinder.plugins.peers import matching

SKILLS = ("skill-a", "skill-b", "skill-c", "skill-d", "skill-e")
CATALOGUE = Catalogue(
    "tenant-1",
    "v1",
    (Activity("activity-1", "tenant-1", "1", "One", skills=tuple(SkillLevel(s) for s in SKILLS)),),
)


def known(answers: int = 10, **means: float) -> dict[str, Mastery]:
    return {
        f"skill-{name}": Mastery(f"skill-{name}", mean, mean - 0.1, mean + 0.1, answers)
        for name, mean in means.items()
    }


def course(*everybody: dict[str, Mastery], seed: int = 1, **said: Profile) -> list[list[PeerMatch]]:
    """What each is told, person by person; ``said`` holds profiles by ``p<number>``."""
    profiles = [said.get(f"p{n}", Profile()) for n in range(len(everybody))]
    found = [
        Peer(f"peer-{n:03}", mastery, profiles[n].solo, profiles[n].helps)
        for n, mastery in enumerate(everybody)
    ]
    return [
        list(
            peers.match_peers(
                histories.situation(
                    CATALOGUE,
                    mastery=mastery,
                    profile=profiles[n],
                    own_ref=found[n].ref,
                    peers=tuple(p for p in found if p is not found[n]),
                    seed=seed,
                )
            )
        )
        for n, mastery in enumerate(everybody)
    ]


def asked(told: list[list[PeerMatch]]) -> list[str]:
    """Whom each is proposed to ask; "" for nobody."""
    return [next((m.ref for m in matches if m.gives), "") for matches in told]


def test_people_with_complementary_strengths_are_matched_with_each_other() -> None:
    (mine,), (theirs,) = course(known(a=0.2, b=0.8), known(a=0.8, b=0.2))
    assert (mine.gives, mine.needs) == (("skill-a",), ("skill-b",))
    assert (theirs.gives, theirs.needs) == (("skill-b",), ("skill-a",))
    assert 0 < mine.score <= 1


def test_a_strength_whose_interval_overlaps_is_not_claimed() -> None:
    assert course(known(a=0.5), known(a=0.65)) == [[], []]


def test_what_people_only_say_of_themselves_is_not_claimed() -> None:
    assert course(known(a=0.2), known(answers=0, a=0.9)) == [[], []]


def test_who_gets_something_back_is_asked_before_who_does_not() -> None:
    told = course(known(a=0.2, b=0.8), known(a=0.8, b=0.8), known(a=0.8, b=0.2))
    assert asked(told)[0] == "peer-002"


def test_skills_of_other_courses_do_not_count() -> None:
    assert course(known(z=0.2), known(z=0.9)) == [[], []]


def test_an_expert_is_found_by_results_and_told_where_help_is_wanted() -> None:
    beginner, expert = course(known(a=0.2), known(a=0.9))
    assert [(m.gives, m.needs) for m in beginner] == [(("skill-a",), ())]
    assert [(m.gives, m.needs) for m in expert] == [((), ("skill-a",))]


def test_nobody_is_asked_by_more_people_than_they_agreed_to() -> None:
    crowd = [known(a=0.2)] * 8
    told = course(known(a=0.9), known(a=0.9), *crowd, p0=Profile(helps=3))
    assert asked(told).count("peer-000") == 3
    assert asked(told).count("peer-001") == 2  # who said nothing
    assert len(told[0]) == 3


def test_who_likes_to_work_alone_is_left_in_peace() -> None:
    told = course(known(a=0.2), known(a=0.9), p1=Profile(solo=True))
    assert told == [[], []]
    assert course(known(a=0.2), known(a=0.9), p0=Profile(solo=True)) == [[], []]


def test_the_load_is_spread_among_equals() -> None:
    told = course(*[known(a=0.9)] * 4, *[known(a=0.2)] * 4, p0=Profile(helps=4))
    assert sorted(asked(told)[4:]) == [f"peer-{n:03}" for n in range(4)]


def test_equals_take_turns_by_the_seed_and_a_page_loaded_again_says_the_same() -> None:
    crowd = [known(a=0.2), *[known(a=0.9)] * 12]
    assert course(*crowd, seed=1) == course(*crowd, seed=1)
    assert len({asked(course(*crowd, seed=seed))[0] for seed in range(6)}) > 1


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from([0.15, 0.4, 0.65, 0.9]), min_size=3, max_size=3), min_size=2, max_size=7
    ),
    st.lists(st.integers(0, 3), min_size=7, max_size=7),
)
def test_everybody_computes_the_same_matching_within_all_limits(
    levels: list[list[float]], limits: list[int]
) -> None:
    said = {f"p{n}": Profile(helps=limits[n]) for n in range(len(levels))}
    told = course(*(known(**dict(zip("abc", row, strict=True))) for row in levels), **said)
    chosen = asked(told)
    for n in range(len(levels)):
        askers = {f"peer-{k:03}" for k, ref in enumerate(chosen) if ref == f"peer-{n:03}"}
        assert len(askers) <= limits[n]
        assert askers <= {m.ref for m in told[n]}


def test_the_sum_of_gains_is_the_greatest_there_is() -> None:
    chance = np.random.default_rng(4)
    mean = chance.uniform(0.1, 0.9, (4, 3))
    found = matching.People(
        tuple("abcd"), mean, mean - 0.05, mean + 0.05, np.ones(4, dtype=int), np.zeros(4, dtype=bool)
    )
    value = matching.gains(found)
    chosen = matching.assign(found, value, 1)
    total = sum(value[n, other] for n, other in enumerate(chosen) if other >= 0)
    possible = [
        sum(value[n, other] for n, other in enumerate(choice) if other >= 0)
        for choice in product(range(-1, 4), repeat=4)
        if all(choice.count(k) <= 1 for k in range(4))
    ]
    assert total >= max(possible) * (1 - 2 * matching.LUCK)
