"""Consent at the door; seeing, correcting, withdrawing, and being forgotten exactly."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from small_course import COURSE, EVERYTHING, NOW, SUGGESTIONS, Clock, MakeCore, arrival, launch_of
from sqlalchemy import select
from stifinder.core import identity
from stifinder.core.arrival import Arrival
from stifinder.core.errors import Forbidden, NotFound
from stifinder.core.evidence import EventKind
from stifinder.core.people import Profile, Purpose, Source
from stifinder.core.proposals import Dismissal
from stifinder.core.service import Core
from stifinder.core.store import learners, tables
from stifinder.core.store.database import across_tenants

STATEMENTS_ONLY = frozenset({(Purpose.SUGGESTIONS, Source.STATEMENTS)})


def rows(core: Core) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, without counters and what is random or binary by design."""
    left_out = {"event_seq", "model_epoch", "people_version", "data", "cursor", "epoch", "seq"}
    found = {}
    with core.database.read() as connection:
        for table in tables.metadata.sorted_tables:
            if table in (tables.erasure, tables.model_snapshot, tables.dropped):
                continue
            columns = [c for c in table.c if c.name not in left_out]
            query = across_tenants(select(*columns))
            found[table.name] = sorted(map(repr, connection.execute(query)))
    return found


def total(core: Core) -> int:
    return sum(
        len(r) for name, r in rows(core).items() if name in {t.name for t in tables.PERSONAL} | {"learner"}
    )


def lesson(name: str, days: int = 0) -> list[Arrival]:
    """A week of somebody's learning."""
    at = NOW - timedelta(days=20 - days)
    return [
        arrival(name, 0, at=at),
        arrival(name, 2, EventKind.ANSWERED, at=at + timedelta(hours=1), success=False, item="q1"),
        arrival(name, 2, EventKind.SCORED, at=at + timedelta(hours=2), score=0.4),
        arrival(name, 3, EventKind.PASSED, at=at + timedelta(days=1), score=0.9),
        arrival(name, 6, at=at + timedelta(days=2)),
    ]


def test_a_learner_without_consent_leaves_no_trace(core: Core) -> None:
    before = rows(core)
    page = core.page(launch_of("person-1"), core.recognise(launch_of("person-1")), answers={"role": "Seller"})
    receipt = core.intake("t", lesson("person-1"))
    assert page.suggestions
    assert receipt.stored == 0
    assert receipt.dropped == {"unknown-learner": 5}
    assert rows(core) == before


def test_without_consent_suggestions_come_from_the_launch_and_the_catalogue_alone(core: Core) -> None:
    core.agree(launch_of("person-2"), EVERYTHING)
    core.intake("t", lesson("person-2"))
    page = core.page(launch_of("person-1"), "")
    assert page.first_guess
    assert page.uses <= {"launch", "catalogue", "page"}
    assert page.mastery == ()
    assert not page.agreed


def test_a_statement_from_a_source_not_agreed_to_is_accepted_counted_and_dropped(core: Core) -> None:
    learner = core.agree(launch_of("person-1"), {(Purpose.SUGGESTIONS, Source.PAGE)})
    assert core.intake("t", lesson("person-1")).dropped == {"no-consent": 5}
    assert core.held("t", learner)["events"] == []
    with core.database.read() as connection:
        counts = connection.execute(
            select(tables.dropped.c.reason, tables.dropped.c.count).where(tables.dropped.c.tenant_id == "t")
        )
        assert list(counts) == [("no-consent", 5)]


def test_being_found_by_peers_needs_its_own_agreement(core: Core) -> None:
    for name in ("person-1", "person-2"):
        learner = core.agree(launch_of(name), SUGGESTIONS)
        core.page(launch_of(name), learner)
        assert core.held("t", learner)["contexts"] == []


def test_the_shared_models_count_only_those_who_agreed(core: Core) -> None:
    silent = core.agree(launch_of("person-1"), SUGGESTIONS)
    counted = core.agree(launch_of("person-2"), EVERYTHING)
    core.intake("t", lesson("person-1") + lesson("person-2"))
    assert "collaborative" not in core.held("t", silent)["counted_in_models"]
    assert "collaborative" in core.held("t", counted)["counted_in_models"]
    assert "mastery" in core.held("t", silent)["counted_in_models"]


def test_what_is_kept_for_the_shared_models_is_not_used_for_the_persons_own_suggestions(core: Core) -> None:
    grants = {(Purpose.SUGGESTIONS, Source.PAGE), (Purpose.SHARED_MODELS, Source.STATEMENTS)}
    learner = core.agree(launch_of("person-1"), grants)
    assert core.intake("t", lesson("person-1")).stored == 5
    page = core.page(launch_of("person-1"), learner)
    assert page.first_guess
    assert page.mastery == page.skipped == ()
    assert not page.uses & {"statements", "group"}


def model_states(core: Core) -> dict[str, bytes]:
    """Every model's state, serialised, as it answers now."""
    with core.models.lock("t"), core.database.read() as connection:
        states = core.models.states(connection, "t")
        return {name: core.models.models[name][1].dump(state) for name, state in states.items()}


def shown(core: Core, name: str) -> list[tuple[str, float, tuple[str, ...]]]:
    learner = core.recognise(launch_of(name))
    page = core.page(launch_of(name), learner)
    return [
        (s.activity.key, round(s.suggestion.value, 9), tuple(r.text % r.values for r in s.reasons))
        for s in page.suggestions
    ]


def test_after_an_erasure_the_world_is_the_one_that_never_held_the_learner(
    make_core: MakeCore, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same people under the same ids (random in life) in two worlds; one of them held one more."""
    held, never = make_core(url=database_url), make_core(url=f"sqlite:///{tmp_path / 'twin.db'}")
    names = [f"person-{n}" for n in range(6)]
    gone = ""
    for core in (held, never):
        core.import_catalogue("t", COURSE)
        for n, name in enumerate(names if core is held else names[:5]):
            monkeypatch.setattr(learners.secrets, "token_hex", lambda _, name=name: f"id-of-{name}")
            gone = core.agree(launch_of(name), EVERYTHING)
            monkeypatch.undo()
            core.intake("t", lesson(name, n))
            core.page(launch_of(name), gone)
    gone = "id-of-person-5"
    suggestion = held.page(launch_of("person-5"), gone).suggestions[0].suggestion
    held.dismiss("t", gone, suggestion.id, Dismissal.TOO_HARD)
    held.answer_review("t", gone, held.page(launch_of("person-5"), gone).mastery[0].skill_id, 3)
    receipt = held.erase("t", gone)
    assert receipt["removed"]["event"] >= 7
    assert receipt["removed"]["statement"] == 5
    assert receipt["models"] == sorted(held.models.models)
    assert receipt["unconfirmed"] == []
    assert rows(held) == rows(never)
    assert not any(gone.encode() in state for state in model_states(held).values())
    for name in names[:5]:
        assert shown(held, name) == shown(never, name)
    assert rows(held) == rows(never)


def test_an_erasure_survives_a_restart_and_reaches_other_processes(make_core: MakeCore) -> None:
    first, second = make_core(), make_core()
    first.import_catalogue("t", COURSE)
    ids = {n: first.agree(launch_of(n), EVERYTHING) for n in ("person-1", "person-2")}
    first.intake("t", lesson("person-1") + lesson("person-2"))
    assert any(ids["person-1"].encode() in s for s in model_states(second).values())
    first.erase("t", ids["person-1"])
    third = make_core()
    for core in (first, second, third):
        assert not any(ids["person-1"].encode() in s for s in model_states(core).values())
    assert model_states(first) == model_states(second) == model_states(third)


def test_an_erased_learner_is_not_in_the_files_any_more(make_core: MakeCore, tmp_path) -> None:
    core = make_core()
    core.import_catalogue("t", COURSE)
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    core.set_profile("t", learner, Profile(role="A very unusual occupation"))
    core.intake("t", lesson("person-1"))
    core.page(launch_of("person-1"), learner)

    def on_disk(words: str) -> bool:
        return any(words.encode() in f.read_bytes() for f in tmp_path.glob("stifinder.db*"))

    assert on_disk(learner)
    assert on_disk("A very unusual occupation")
    core.erase("t", learner)
    assert not on_disk(learner)
    assert not on_disk("A very unusual occupation")


def test_withdrawing_a_source_removes_what_came_from_it_and_keeps_the_rest(core: Core) -> None:
    launch = launch_of("person-1")
    learner = core.agree(launch, SUGGESTIONS)
    core.intake("t", lesson("person-1"))
    skill = core.page(launch, learner).mastery[0].skill_id
    core.answer_review("t", learner, skill, 4)
    core.agree(launch, {(Purpose.SUGGESTIONS, Source.PAGE)})
    held = core.held("t", learner)
    assert {e["source"] for e in held["events"]} == {"page"}
    assert held["statements"] == []
    assert core.recognise(launch) == learner


def test_withdrawing_everything_forgets_the_person(core: Core) -> None:
    launch = launch_of("person-1")
    core.agree(launch, EVERYTHING)
    core.intake("t", lesson("person-1"))
    assert core.agree(launch, ()) == ""
    assert total(core) == 0
    assert core.recognise(launch) == ""


def test_withdrawing_the_shared_models_takes_the_person_out_of_them(core: Core) -> None:
    launch = launch_of("person-1")
    learner = core.agree(launch, EVERYTHING)
    core.intake("t", lesson("person-1"))
    core.agree(launch, SUGGESTIONS)
    state = model_states(core)["collaborative"]
    assert learner.encode() not in state
    core.agree(launch, EVERYTHING)
    assert learner.encode() in model_states(core)["collaborative"]


def test_a_recorded_legal_basis_counts_as_agreement_and_is_said(core: Core) -> None:
    core.set_legal_basis(
        "t",
        Purpose.SUGGESTIONS,
        Source.STATEMENTS,
        basis="contract",
        decided_by="the data protection officer",
        notice="Your employer decided this with the works council.",
    )
    launch = launch_of("person-1")
    learner = core.recognise(launch)
    assert learner
    assert core.intake("t", lesson("person-1")).stored == 5
    (grant,) = core.agreements("t", learner)
    assert (grant.purpose, grant.basis) == (Purpose.SUGGESTIONS, "contract")
    notice = core.legal_bases("t")[Purpose.SUGGESTIONS, Source.STATEMENTS]
    assert notice == ("contract", "Your employer decided this with the works council.")


def test_everything_held_is_shown_with_its_kind(core: Core) -> None:
    launch = launch_of("person-1")
    learner = core.agree(launch, EVERYTHING)
    core.intake("t", lesson("person-1"))
    core.page(launch, learner)
    held = core.held("t", learner)
    with core.database.read() as connection:
        for table in tables.PERSONAL:
            kept = connection.execute(
                select(table).where(table.c.tenant_id == "t", table.c.learner_id == learner)
            ).all()
            kind = {
                "learner_identity": "identities",
                "membership": "contexts",
                "mastery": "mastery",
                "outbox": "waiting_grades",
                "waiting": "waiting_suggestions",
                "course_group_member": "course_groups",
            }.get(table.name, f"{table.name}s")
            assert len(held[kind]) == len(kept), table.name
    assert held["suggestions"][0]["votes"]
    assert held["suggestions"][0]["reasons"][0]["text"].startswith("Because ")


def test_goals_can_be_corrected(core: Core) -> None:
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    goal = next(iter(core.catalogue("t").skills))
    core.set_profile("t", learner, Profile(goals=(goal,), solo=False))
    assert core.profile("t", learner) == Profile(goals=(goal,), solo=False)
    core.answer_questions("t", learner, {f"level:{goal}": "0.5", "nonsense": "x", "level:z": "nan"})
    assert core.profile("t", learner).stated_levels == {goal: 0.5}


def test_a_review_is_counted_only_with_agreement(core: Core) -> None:
    learner = core.agree(launch_of("person-1"), STATEMENTS_ONLY)
    core.intake("t", lesson("person-1"))
    skill = core.page(launch_of("person-1"), learner).mastery[0].skill_id
    with pytest.raises(Forbidden, match="agreed"):
        core.answer_review("t", learner, skill, 3)
    assert len(core.held("t", learner)["events"]) == 5


def test_statements_may_name_a_person_by_e_mail_but_a_launch_is_recognised_by_its_account(
    core: Core,
) -> None:
    address = identity.mbox("learner-1@example.org")
    launch = replace(launch_of("person-1"), identities=(*launch_of("person-1").identities, address))
    learner = core.agree(launch, EVERYTHING)
    core.intake("t", [replace(arrival("person-1", 0), identity=address)])
    assert len(core.held("t", learner)["events"]) == 1
    somebody_else = replace(launch_of("person-2"), identities=(*launch_of("person-2").identities, address))
    assert core.recognise(somebody_else) == ""
    assert core.agree(somebody_else, EVERYTHING) != learner


def test_the_same_name_on_two_platforms_is_two_people(core: Core) -> None:
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    account = identity.account("https://another.example.org", "person-1")
    elsewhere = replace(launch_of("person-1"), identities=(account,))
    assert core.recognise(elsewhere) == ""
    assert core.agree(elsewhere, EVERYTHING) != learner


def test_what_the_lms_calls_a_person_is_not_stored(core: Core, tmp_path) -> None:
    core.agree(launch_of("a-telling-user-name"), EVERYTHING)
    assert not any(b"a-telling-user-name" in f.read_bytes() for f in tmp_path.glob("stifinder.db*"))


def test_a_learner_of_another_tenant_cannot_be_reached(core: Core, clock: Clock) -> None:
    core.add_tenant("u", "Another")
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    with pytest.raises(NotFound):
        core.profile("u", learner)
    assert core.erase("u", learner)["removed"] == {}
    assert core.profile("t", learner) == Profile()
