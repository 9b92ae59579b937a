"""The peer strategy: complementary strengths, stated only where they are likely."""

from __future__ import annotations

from stifinder import Activity, Catalogue, Mastery, Peer, PeerMatch, SkillLevel
from stifinder.lab import histories
from stifinder.plugins import peers

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


def matched(mine: dict[str, Mastery], *others: dict[str, Mastery], seed: int = 1) -> list[PeerMatch]:
    found = tuple(Peer(f"peer-{n}", mastery) for n, mastery in enumerate(others))
    return list(peers.match_peers(histories.situation(CATALOGUE, mastery=mine, peers=found, seed=seed)))


def test_people_with_complementary_strengths_are_matched() -> None:
    (match,) = matched(known(a=0.2, b=0.8), known(a=0.8, b=0.2))
    assert match.gives == ("skill-a",)
    assert match.needs == ("skill-b",)
    assert 0 < match.score <= 1


def test_a_strength_whose_interval_overlaps_is_not_claimed() -> None:
    assert matched(known(a=0.5), known(a=0.65)) == []


def test_what_people_only_say_of_themselves_is_not_claimed() -> None:
    assert matched(known(a=0.2), known(answers=0, a=0.9)) == []


def test_giving_both_ways_is_worth_more_than_one_way() -> None:
    one, both = known(a=0.8, b=0.8), known(a=0.8, b=0.2)
    assert [match.ref for match in matched(known(a=0.2, b=0.8), one, both)] == ["peer-1", "peer-0"]


def test_skills_of_other_courses_do_not_count() -> None:
    assert matched(known(z=0.2), known(z=0.9)) == []


def test_at_most_three_and_equals_take_turns() -> None:
    crowd = [known(a=0.9)] * 12
    first = [match.ref for match in matched(known(a=0.2), *crowd, seed=1)]
    assert len(first) == 3
    assert first == [match.ref for match in matched(known(a=0.2), *crowd, seed=1)]
    assert first != [match.ref for match in matched(known(a=0.2), *crowd, seed=2)]
