"""Keeping only so long: what is too old goes from tables, files and models, and the rest is as it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from small_course import COURSE, EVERYTHING, NOW, MakeCore, arrival, launch_of
from sqlalchemy import Connection, func, select
from stifinder.core import retention
from stifinder.core.arrival import Arrival
from stifinder.core.evidence import EventKind
from stifinder.core.proposals import Dismissal
from stifinder.core.retention import Old
from stifinder.core.service import Core
from stifinder.core.staff import OPERATOR
from stifinder.core.store import learners, tables
from stifinder.core.store.database import across_tenants
from stifinder.lti_tool.jobs import Jobs

DAYS = 100
OLD = NOW - timedelta(days=DAYS + 10)
NEW = NOW - timedelta(days=10)


def lesson(name: str, at: datetime, first: int = 0) -> list[Arrival]:
    """A few days of somebody's learning."""
    return [
        arrival(name, first, at=at),
        arrival(name, 2, EventKind.ANSWERED, at=at + timedelta(hours=1), success=False, item="q1"),
        arrival(name, 3, EventKind.PASSED, at=at + timedelta(days=1), score=0.9),
        arrival(name, 6, EventKind.SCORED, at=at + timedelta(days=2), score=0.4),
    ]


def joined(core: Core, names: list[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """People who agreed to everything, under the same ids in every world."""
    ids = {}
    for name in names:
        with monkeypatch.context() as patched:
            patched.setattr(learners.secrets, "token_hex", lambda _, name=name: f"id-of-{name}")
            ids[name] = core.agree(launch_of(name), EVERYTHING)
    return ids


def states(core: Core) -> Mapping[str, Any]:
    """Every model's state, as it answers now."""
    with core.models.lock("t"), core.database.read() as connection:
        found = core.models.states(connection, "t")
        return {n: core.models.models[n][1].load(core.models.models[n][1].dump(s)) for n, s in found.items()}


def said(core: Core, name: str) -> list[tuple[str, float]]:
    """What is suggested and believed."""
    page = core.page(launch_of(name), core.recognise(launch_of(name)))
    values = [(s.activity.key, round(s.suggestion.value, 9)) for s in page.suggestions]
    return values + [(m.skill_id, round(m.mean, 9)) for m in page.mastery]


def keep(core: Core, days: int) -> None:
    core.choose("t", OPERATOR, "retention_days", days)


def kept_times(core: Core) -> list[datetime]:
    with core.database.read() as connection:
        return sorted(connection.scalars(across_tenants(select(tables.event.c.at))))


def test_afterwards_every_model_is_the_one_that_never_saw_what_was_removed(
    make_core: MakeCore, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, never = make_core(url=database_url), make_core(url=f"sqlite:///{tmp_path / 'twin.db'}")
    names = [f"person-{n}" for n in range(6)]
    for core in (held, never):
        core.import_catalogue("t", COURSE)
        joined(core, names, monkeypatch)
        for n, name in enumerate(names):
            if core is held:
                core.intake("t", lesson(name, OLD + timedelta(hours=n)))
            if n % 2 == 0:
                core.intake("t", lesson(name, NEW + timedelta(hours=n), first=4))
    assert states(held) != states(never)
    keep(held, DAYS)
    gone = held.remove_too_old("t")
    assert gone == Old(statements=24, events=24, suggestions=0, learners=6)
    assert states(held) == states(never)
    assert [said(held, n) for n in names] == [said(never, n) for n in names]
    # Another process, and one that starts later, see the same.
    assert states(make_core(url=database_url)) == states(never)


def test_the_statements_suggestions_and_outcomes_go_with_the_events(core: Core, clock: Any) -> None:
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    core.intake("t", lesson("person-1", NOW - timedelta(days=20)))
    made = core.page(launch_of("person-1"), learner).suggestions[0].suggestion
    core.dismiss("t", learner, made.id, Dismissal.TOO_HARD)
    clock.forward(days=DAYS + 1)
    core.intake("t", [arrival("person-1", 7, at=clock.now)])
    keep(core, DAYS)
    core.remove_too_old("t")
    held = core.held("t", learner)
    assert [event["activity_id"] for event in held["events"]] == [core.catalogue("t").activities[7].id]
    assert len(held["statements"]) == 1
    assert held["suggestions"] == []
    assert held["grants"]


def test_estimates_that_others_see_are_made_from_what_is_left(core: Core) -> None:
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    core.intake("t", lesson("person-1", OLD))
    core.intake("t", [arrival("person-1", 2, EventKind.PASSED, at=NEW, score=1.0)])
    core.page(launch_of("person-1"), learner)
    before = {row["skill_id"]: row["answers"] for row in core.held("t", learner)["mastery"]}
    keep(core, DAYS)
    core.remove_too_old("t")
    after = {row["skill_id"]: row["answers"] for row in core.held("t", learner)["mastery"]}
    assert sum(after.values()) < sum(before.values())
    assert sum(after.values()) >= 1


def test_nothing_goes_where_no_time_was_chosen(core: Core) -> None:
    core.agree(launch_of("person-1"), EVERYTHING)
    core.intake("t", lesson("person-1", NOW - timedelta(days=3000)))
    assert not core.remove_too_old("t")
    assert len(kept_times(core)) == 4


def test_another_tenant_keeps_what_it_has(make_core: MakeCore) -> None:
    core = make_core()
    core.add_tenant("u", "Another")
    for tenant in ("t", "u"):
        core.import_catalogue(tenant, COURSE)
        core.agree(launch_of("person-1", tenant=tenant), EVERYTHING)
        core.intake(tenant, lesson("person-1", OLD))
    keep(core, DAYS)
    assert Jobs(core).remove_too_old() == 4
    assert len(kept_times(core)) == 4
    assert core.too_old("u", DAYS).events == 4


def test_what_would_go_is_counted_before(core: Core) -> None:
    core.agree(launch_of("person-1"), EVERYTHING)
    core.intake("t", lesson("person-1", OLD) + lesson("person-1", NEW, first=4))
    expected = core.too_old("t", DAYS)
    assert expected == Old(statements=4, events=4, suggestions=0, learners=1)
    keep(core, DAYS)
    assert core.remove_too_old("t") == expected
    assert core.too_old("t", DAYS) == Old()


def test_killed_in_its_middle_it_goes_on_the_next_time(
    make_core: MakeCore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core, never = make_core(), make_core(url=f"sqlite:///{tmp_path / 'twin.db'}")
    names = [f"person-{n}" for n in range(5)]
    for each in (core, never):
        each.import_catalogue("t", COURSE)
        joined(each, names, monkeypatch)
    for name in names:
        core.intake("t", lesson(name, OLD))
    keep(core, DAYS)
    monkeypatch.setattr(retention, "LEARNERS_AT_ONCE", 2)
    real, calls = core.models.relearn_many, []

    def relearn(connection: Connection, tenant_id: str, remaining: Any) -> None:
        calls.append(tenant_id)
        real(connection, tenant_id, remaining)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(core.models, "relearn_many", relearn)
    with pytest.raises(KeyboardInterrupt):
        core.remove_too_old("t")
    assert len(kept_times(core)) == 3 * 4  # the first two are done, the next two as they were
    assert core.remove_too_old("t").learners == 3
    assert kept_times(core) == []
    assert states(core) == states(never)


def test_each_removal_is_in_the_record(core: Core) -> None:
    core.agree(launch_of("person-1"), EVERYTHING)
    core.intake("t", lesson("person-1", OLD))
    keep(core, DAYS)
    core.remove_too_old("t")
    newest = core.audit_log("t")[0]
    assert (newest.act, newest.actor.sign) == ("remove what is too old", "daily removal")
    assert newest.details == {"days": DAYS, "events": 4, "learners": 1, "statements": 4, "suggestions": 0}
    core.remove_too_old("t")
    assert core.audit_log("t")[0] == newest


def test_what_was_removed_is_not_in_the_files_any_more(core: Core, tmp_path: Path) -> None:
    core.agree(launch_of("person-1"), EVERYTHING)
    statement = lesson("person-1", OLD)[0]
    core.intake("t", [statement])
    keep(core, DAYS)
    core.remove_too_old("t")
    assert not any(statement.id.encode() in f.read_bytes() for f in tmp_path.glob("stifinder.db*"))


def test_days_are_whole_so_that_a_second_look_that_day_finds_nothing(core: Core, clock: Any) -> None:
    assert retention.before(datetime(2026, 3, 2, 23, 59, tzinfo=UTC), 1) == datetime(2026, 3, 1, tzinfo=UTC)
    core.agree(launch_of("person-1"), EVERYTHING)
    core.intake("t", [arrival("person-1", n, at=OLD + timedelta(days=10, hours=-n)) for n in range(5)])
    keep(core, DAYS)
    assert core.remove_too_old("t").events == 0  # all of that day, which is not over
    clock.forward(days=1)
    assert core.remove_too_old("t").events == 5
    clock.forward(hours=3)
    assert not core.remove_too_old("t")
    with core.database.read() as connection:
        left = select(func.count()).select_from(tables.event).where(tables.event.c.tenant_id == "t")
        assert connection.execute(left).scalar_one() == 0
