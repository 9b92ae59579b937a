"""What a plugin says it needs is all it gets, and who says it wrong is refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from stifinder import (
    INTERFACE,
    Candidate,
    Catalogue,
    Event,
    EventKind,
    Manifest,
    Mastery,
    Peer,
    Profile,
    Purpose,
    Reads,
    Signal,
    Situation,
    hookimpl,
)
from stifinder.core.manifests import limited, wrong
from stifinder.core.plugins import Plugins
from stifinder.lab import histories

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def everything_known() -> Situation:
    found = histories.situation(
        Catalogue("t", "v1"),
        "learner-1",
        [Event("e1", "t", "learner-1", EventKind.COMPLETED, NOW)],
        profile=Profile(goals=("skill-a",)),
        peers=(Peer("peer-1", {}),),
    )
    return replace(
        found,
        own_ref="peer-0",
        mastery={"skill-a": Mastery("skill-a", 0.5, 0.4, 0.6, 3)},
        signals=(Signal("meeting", NOW, 0.5),),
        models={"shared": {}, "own": {}, "blend": {}},
    )


SERVES = {"shared": Purpose.SHARED_MODELS, "own": Purpose.SUGGESTIONS}


def test_who_does_not_ask_for_peers_is_never_given_other_people() -> None:
    seen = limited(everything_known(), Manifest(), SERVES)
    assert seen.peers == ()
    assert seen.own_ref == ""
    asked = limited(everything_known(), Manifest(purposes=frozenset({Purpose.PEERS})), SERVES)
    assert [p.ref for p in asked.peers] == ["peer-1"]


def test_models_are_seen_under_a_named_purpose_only_and_those_of_the_core_never() -> None:
    assert set(limited(everything_known(), Manifest(), SERVES).models) == {"own"}
    both = Manifest(purposes=frozenset({Purpose.SUGGESTIONS, Purpose.SHARED_MODELS}))
    assert set(limited(everything_known(), both, SERVES).models) == {"own", "shared"}


@pytest.mark.parametrize(
    ("part", "gone"),
    [
        (Reads.HISTORY, lambda s: s.history == ()),
        (Reads.PROFILE, lambda s: s.learner.profile == Profile()),
        (Reads.ESTIMATES, lambda s: not s.mastery and not s.reviews and s.risk is None and s.pace is None),
        (Reads.CALENDAR, lambda s: s.signals == ()),
    ],
)
def test_what_is_not_named_among_reads_is_empty_and_the_rest_is_there(part: Reads, gone: object) -> None:
    assert callable(gone)
    assert not gone(limited(everything_known(), Manifest(reads=frozenset({part})), SERVES))
    assert gone(limited(everything_known(), Manifest(reads=frozenset(Reads) - {part}), SERVES))


class Nosy:
    """Keeps what it was given."""

    seen: Situation | None = None

    @hookimpl
    def manifest(self) -> Manifest:
        return Manifest(reads=frozenset())

    @hookimpl
    def candidates(self, situation: Situation) -> list[Candidate]:
        Nosy.seen = situation
        return []


nosy = Nosy()


def test_the_limits_hold_where_the_hook_is_called() -> None:
    Plugins(load=[f"{__name__}:nosy"], discover=False).collect("candidates", situation=everything_known())
    assert Nosy.seen is not None
    assert Nosy.seen.history == ()
    assert Nosy.seen.peers == ()


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (None, "no stifinder.Manifest"),
        (Manifest(interface="about 1"), "no version specifier"),
        (Manifest(interface=">=99"), f"these are {INTERFACE}"),
        (Manifest(purposes=frozenset({"peers and more"})), "no Purpose"),  # type: ignore[arg-type]
        (Manifest(hosts="example.org"), "tuples of texts"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_manifest_is_refused_with_what_is_wrong(manifest: Manifest | None, words: str) -> None:
    assert words in wrong(manifest)


class FromTheFuture:
    @hookimpl
    def manifest(self) -> Manifest:
        return Manifest(interface=">=99")

    @hookimpl
    def candidates(self, situation: Situation) -> list[Candidate]:
        return []


from_the_future = FromTheFuture()


def test_a_plugin_for_other_hooks_is_listed_as_refused_with_both_versions() -> None:
    (row,) = Plugins(load=[f"{__name__}:from_the_future"], discover=False).describe()
    assert row.status == f"refused: it is written for hooks >=99, and these are {INTERFACE}"


class Sharing:
    """Brings a model for a purpose that it does not name."""

    name, version, purpose = "sharing", 1, Purpose.SHARED_MODELS

    def empty(self) -> dict[str, int]:
        return {}

    def fold(self, state: dict[str, int], event: Event) -> dict[str, int]:
        return state

    def merge(self, state: dict[str, int], other: dict[str, int]) -> dict[str, int]:
        return state

    def subtract(self, state: dict[str, int], learner_id: str) -> dict[str, int]:
        return state

    def dump(self, state: dict[str, int]) -> bytes:
        return b"{}"

    def load(self, data: bytes) -> dict[str, int]:
        return {}

    @hookimpl
    def learned_models(self) -> list[Sharing]:
        return [self]


sharing = Sharing()


def test_a_model_for_a_purpose_that_was_not_named_is_refused() -> None:
    plugins = Plugins(load=[f"{__name__}:sharing"], discover=False)
    (row,) = plugins.describe()
    assert "serves the purpose 'shared-models'" in row.status
    assert plugins.models() == []
