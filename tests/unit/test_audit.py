"""The record of what staff did: every change of it shows, and it names nobody."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import stifinder
from click.testing import CliRunner, Result
from small_course import EVERYTHING, Clock, MakeCore, launch_of
from sqlalchemy import Connection, delete, select, update
from stifinder.core.people import Role
from stifinder.core.service import Core
from stifinder.core.staff import Actor
from stifinder.core.store import audit as store
from stifinder.core.store import tables
from stifinder.lti_tool.cli import main

WHO = Actor("staff-1a2b3c4d", Role.ADMINISTRATOR)
HERE = tables.audit.c.tenant_id == "t"


def fill(core: Core, count: int = 5) -> None:
    for number in range(count):
        core.record("t", WHO, f"act {number}", f"subject-{number}", value=number, more=[1, {"x": None}])


def broken(core: Core) -> int | None:
    with core.database.read() as connection:
        return store.broken_at(connection, "t")


# --- the chain --------------------------------------------------------------------------------------


def test_a_record_holds_together_on_both_databases(
    database_url: str, make_core: MakeCore, clock: Clock
) -> None:
    core = make_core(url=database_url)
    fill(core, 2)
    clock.now = clock.now.replace(microsecond=123_456)
    fill(core, 3)
    core.record("t", WHO, "say", "æøå \u2028 \"'\\", words="“ja” 🙂", share=0.1, large=2**40, flag=True)
    assert broken(core) is None
    assert [entry.seq for entry in core.audit_log("t")] == [6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "changed",
    [
        {"act": "another act"},
        {"actor": "staff-00000000"},
        {"role": "operator"},
        {"subject": "another"},
        {"details": {"value": 9}},
        {"at": datetime.fromisoformat("2026-03-02T09:30:00.000001+00:00")},
        {"digest": "0" * 64},
        {"tenant_id": "u"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_whatever_is_changed_in_an_entry_shows(core: Core, changed: dict[str, Any]) -> None:
    core.add_tenant("u", "Another tenant")
    fill(core)
    assert broken(core) is None
    with core.database.write() as connection:
        connection.execute(update(tables.audit).where(HERE, tables.audit.c.seq == 3).values(**changed))
    assert broken(core) == 3


def _remove(connection: Connection) -> None:
    connection.execute(delete(tables.audit).where(HERE, tables.audit.c.seq == 2))


def _close_the_gap(connection: Connection) -> None:
    _remove(connection)
    for seq in (3, 4, 5):
        there = (HERE, tables.audit.c.seq == seq)
        connection.execute(update(tables.audit).where(*there).values(seq=seq - 1))


def _exchange(connection: Connection) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        connection.execute(update(tables.audit).where(HERE, tables.audit.c.seq == old).values(seq=new))


def _sealed_by_itself(connection: Connection) -> None:
    """An entry of one's own, sealed, instead of another: the entries after it do not fit any more."""
    row = connection.execute(select(tables.audit).where(HERE, tables.audit.c.seq == 1)).one()
    forged = store._seal(
        store.FIRST, "t", 1, row.at, row.actor, row.role, "nothing bad", row.subject, row.details
    )
    connection.execute(
        update(tables.audit).where(HERE, tables.audit.c.seq == 1).values(act="nothing bad", digest=forged)
    )


@pytest.mark.parametrize("change", [_remove, _close_the_gap, _exchange, _sealed_by_itself])
def test_what_is_removed_exchanged_or_forged_shows(core: Core, change: Callable[[Connection], None]) -> None:
    fill(core)
    with core.database.write() as connection:
        change(connection)
    assert broken(core) == 2


def test_what_fails_is_not_recorded_and_leaves_no_gap(core: Core) -> None:
    def act_and_fail() -> None:
        with core.database.write() as connection:
            store.add(connection, "t", WHO, "act", "", {}, core.clock())
            raise RuntimeError("something after it went wrong")

    fill(core, 1)
    with pytest.raises(RuntimeError):
        act_and_fail()
    fill(core, 1)
    assert [entry.seq for entry in core.audit_log("t")] == [2, 1]
    assert broken(core) is None


def test_tenants_have_records_of_their_own(core: Core) -> None:
    core.add_tenant("u", "Another tenant")
    fill(core, 2)
    core.record("u", WHO, "act")
    assert [entry.seq for entry in core.audit_log("u")] == [1]
    with core.database.read() as connection:
        assert store.broken_at(connection, "u") is None


def test_only_one_module_writes_the_record_and_it_only_adds() -> None:
    root = Path(stifinder.__file__).parent
    writers = {
        str(path.relative_to(root)): re.findall(r"\b(insert|update|delete)\((?:tables\.)?audit\b", text)
        for folder in ("core", "lti_tool", "adapters", "schemas", "plugins")
        for path in (root / folder).rglob("*.py")
        if "migrations" not in path.parts and (text := path.read_text())
    }
    assert {path: found for path, found in writers.items() if found} == {"core/store/audit.py": ["insert"]}


# --- who acted --------------------------------------------------------------------------------------


def test_staff_act_under_a_sign_that_stays_and_tells_nobody_who_it_is(core: Core, tmp_path: Path) -> None:
    teacher = replace(launch_of("teacher-1"), roles=frozenset({Role.TEACHER}))
    first, again = core.actor(teacher), core.actor(teacher)
    other = core.actor(replace(launch_of("teacher-2"), roles=frozenset({Role.TEACHER})))
    assert first == again
    assert first.sign != other.sign
    assert re.fullmatch(r"staff-[0-9a-f]{8}", first.sign)
    core.record("t", first, "look")
    assert not any(b"teacher-1" in file.read_bytes() for file in tmp_path.glob("stifinder.db*"))


def test_an_erased_person_of_the_staff_is_cut_off_from_what_the_record_says(core: Core) -> None:
    launch = replace(launch_of("teacher-1"), roles=frozenset({Role.TEACHER}))
    learner_id = core.agree(launch, EVERYTHING)
    before = core.actor(launch)
    core.record("t", before, "look")
    receipt = core.erase("t", learner_id)
    assert receipt["removed"]["staff_member"] == 1
    with core.database.read() as connection:
        left = connection.execute(
            select(tables.staff_member.c.sign).where(tables.staff_member.c.tenant_id == "t")
        )
        assert before.sign not in set(left.scalars())
    assert [entry.actor.sign for entry in core.audit_log("t")] == [
        before.sign
    ]  # the act stays, its chain too
    assert broken(core) is None
    assert core.actor(launch).sign != before.sign


def test_another_persons_erasure_cuts_nobody_else_off(core: Core) -> None:
    teacher = replace(launch_of("teacher-1"), roles=frozenset({Role.TEACHER}))
    sign = core.actor(teacher).sign
    core.erase("t", core.agree(launch_of("person-1"), EVERYTHING))
    assert core.actor(teacher).sign == sign


# --- the command ------------------------------------------------------------------------------------


@pytest.fixture
def run(core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``stifinder audit …`` on the core's database."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("STIFINDER_", "DATABASE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("STIFINDER_SECRET_KEY", core.settings.secret)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["--data-dir", str(tmp_path), "audit", *arguments])

    return invoke


def test_verify_prints_what_to_note_and_finds_it_again(core: Core, run: Callable[..., Result]) -> None:
    fill(core, 3)
    result = run("verify", "--tenant", "t")
    assert result.exit_code == 0, result.output
    noted = re.search(r"3 entries; last (3:[0-9a-f]{64})", result.stdout)
    assert noted
    fill(core, 2)
    assert run("verify", "--expect", noted[1]).exit_code == 0
    assert "5 entries" in run("verify").stdout


def test_verify_leaves_with_one_and_names_the_first_broken_entry(
    core: Core, run: Callable[..., Result]
) -> None:
    fill(core)
    with core.database.write() as connection:
        connection.execute(update(tables.audit).where(HERE, tables.audit.c.seq == 4).values(act="x"))
    result = run("verify")
    assert result.exit_code == 1
    assert "Broken: t: entry 4 " in result.stderr


def test_a_record_whose_end_was_cut_off_shows_with_what_was_noted(
    core: Core, run: Callable[..., Result]
) -> None:
    fill(core)
    last = core.audit_log("t")[0]
    with core.database.write() as connection:
        connection.execute(delete(tables.audit).where(HERE, tables.audit.c.seq > 3))
    assert run("verify").exit_code == 0  # by itself this cannot show
    cut = run("verify", "--expect", f"{last.seq}:{last.digest}")
    assert (cut.exit_code, "entry 5 is missing; the record ends at 3" in cut.stderr) == (1, True)


def test_a_record_that_was_written_anew_shows_with_what_was_noted(
    core: Core, run: Callable[..., Result]
) -> None:
    fill(core)
    last = core.audit_log("t")[0]
    with core.database.write() as connection:
        connection.execute(delete(tables.audit).where(HERE))
    for _ in range(5):
        core.record("t", WHO, "nothing bad")
    anew = run("verify", "--expect", f"{last.seq}:{last.digest}")
    assert (anew.exit_code, "entry 5 is another one than was noted" in anew.stderr) == (1, True)


def test_every_tenant_is_verified_and_an_empty_record_is_whole(
    core: Core, run: Callable[..., Result]
) -> None:
    core.add_tenant("u", "Another tenant")
    fill(core, 1)
    said = run("verify").stdout
    assert "t: whole, 1 entry" in said
    assert "u: nothing is recorded." in said
    assert "system:" in said  # what operators did
    assert run("verify", "--tenant", "system").exit_code == 0


@pytest.mark.parametrize("noted", ["5", "x:1", f"5:{'g' * 64}"])
def test_a_note_that_is_none_is_refused(core: Core, run: Callable[..., Result], noted: str) -> None:
    fill(core)
    assert run("verify", "--expect", noted).exit_code == 2


def test_the_list_is_newest_first_page_by_page(core: Core, run: Callable[..., Result]) -> None:
    fill(core)
    lines = run("list", "--limit", "2").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["5", "4"]
    assert "staff-1a2b3c4d (administrator)  act 4  subject-4" in lines[0]
    assert '"value": 4' in lines[0]
    assert run("list", "--before", "2").stdout.split()[0] == "1"
