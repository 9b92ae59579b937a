"""Small examples by hand, stability on any lists, and every promise of the hook by the kit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stifinder import (
    Activity,
    Catalogue,
    Context,
    Learner,
    Mastery,
    Peer,
    PeerMatch,
    Profile,
    Situation,
    SkillLevel,
)
from stifinder_roommates import GROUP, match_peers, pairs, stable

# Six people with exactly one stable matching, and the four of Gale and Shapley (1962) without any.
SOLVABLE = {"1": "46253", "2": "63514", "3": "45162", "4": "26513", "5": "42361", "6": "51423"}
GALE_SHAPLEY = {"1": "234", "2": "314", "3": "124", "4": "123"}


def matchings(people: list[str]) -> Iterator[dict[str, str]]:
    """Every way to pair some or all of these people."""
    if not people:
        yield {}
        return
    first, *rest = people
    yield from matchings(rest)
    for other in rest:
        for found in matchings([p for p in rest if p != other]):
            yield {**found, first: other, other: first}


def blocked(wishes: dict[str, list[str]], found: dict[str, str]) -> bool:
    """Whether two people would both rather have each other than what they have."""

    def prefers(p: str, q: str) -> bool:
        liked = wishes[p]
        return q in liked and (p not in found or liked.index(q) < liked.index(found[p]))

    return any(prefers(p, q) and prefers(q, p) for p in wishes for q in wishes if p != q)


@st.composite
def lists(draw: st.DrawFn) -> dict[str, list[str]]:
    people = [str(n) for n in range(draw(st.integers(0, 6)))]
    agreed = {(p, q) for p in people for q in people if p < q and draw(st.booleans() | st.just(True))}
    liked = {p: [q for q in people if (p, q) in agreed or (q, p) in agreed] for p in people}
    return {p: draw(st.permutations(liked[p])) for p in people}


def test_keeps_its_promises(stifinder_promise):
    stifinder_promise.check()


def test_finds_the_only_stable_matching_of_six():
    expected = {"1": "6", "6": "1", "2": "3", "3": "2", "4": "5", "5": "4"}
    wishes = {person: list(liked) for person, liked in SOLVABLE.items()}
    assert [m for m in matchings(list(wishes)) if not blocked(wishes, m)] == [expected]
    assert stable(wishes) == (expected, "")


def test_says_that_the_four_of_gale_and_shapley_have_no_stable_matching():
    found, stuck = stable(GALE_SHAPLEY)
    assert (found, stuck in GALE_SHAPLEY) == ({}, True)


def test_sets_one_aside_where_no_stable_matching_exists():
    found = pairs(GALE_SHAPLEY)
    assert len(found) == 2
    assert all(found[found[person]] == person for person in found)


@given(lists())
def test_finds_a_stable_matching_exactly_where_there_is_one(wishes):
    found, stuck = stable(wishes)
    exists = any(
        not blocked(wishes, m) for m in matchings(list(wishes)) if all(q in wishes[p] for p, q in m.items())
    )
    assert exists is not bool(stuck)
    assert stuck or not blocked(wishes, found)
    assert all(found[q] == p and q in wishes[p] for p, q in found.items())


def knows(**means: float) -> dict[str, Mastery]:
    return {s: Mastery(s, m, max(0, m - 0.05), min(1, m + 0.05), 5) for s, m in means.items()}


def asked(own: str, people: dict[str, Peer], profile: Profile | None = None) -> Situation:
    skills = tuple(SkillLevel(s) for s in sorted({s for p in people.values() for s in p.mastery}))
    course = Activity("a", "t", "a", "A", skills=skills, context_ids=("c",))
    return Situation(
        now=datetime(2026, 3, 2, tzinfo=UTC),
        seed=0,
        minutes=15,
        learner=Learner(f"learner-{own}", "t", profile=profile or Profile()),
        context=Context("c", "t", "A course"),
        catalogue=Catalogue("t", "1", (course,)),
        pool=("a",),
        mastery=people[own].mastery,
        own_ref=own,
        peers=tuple(p for ref, p in people.items() if ref != own),
    )


PEOPLE = {
    "p": Peer("p", knows(law=0.9, sales=0.2)),
    "q": Peer("q", knows(law=0.3, sales=0.8)),
    "r": Peer("r", knows(law=0.5, sales=0.5)),
}


def test_two_who_complement_each_other_most_are_told_of_one_another():
    assert match_peers(asked("p", PEOPLE)) == [PeerMatch("q", ("sales",), ("law",), pytest.approx(0.6))]
    assert match_peers(asked("q", PEOPLE)) == [PeerMatch("p", ("law",), ("sales",), pytest.approx(0.6))]
    assert match_peers(asked("r", PEOPLE)) == ()


def test_who_likes_to_work_alone_is_left_in_peace():
    assert match_peers(asked("p", PEOPLE, Profile(solo=True))) == ()
    alone = {**PEOPLE, "q": Peer("q", PEOPLE["q"].mastery, solo=True)}
    assert [match.ref for match in match_peers(asked("p", alone))] == ["r"]


def course(size: int) -> dict[str, Peer]:
    refs = {f"{n:04}": n for n in range(size)}
    return {r: Peer(r, knows(a=n * 37 % 101 / 101, b=n * 53 % 97 / 97)) for r, n in refs.items()}


def test_everybody_in_a_large_course_gets_the_partner_who_gets_them():
    people = course(150)
    partner = {ref: [m.ref for m in match_peers(asked(ref, people))] for ref in people}
    assert len(people) > 2 * GROUP
    assert sum(map(len, partner.values())) > 100
    assert all(partner[other] == [ref] for ref, found in partner.items() for other in found)


def test_a_course_of_two_thousand_is_answered_within_the_budget():
    people = course(2000)
    asking = asked("0007", people)
    start = time.perf_counter()
    match_peers(asking)
    assert time.perf_counter() - start < 0.1
