"""What withdrawing and erasing must reach beyond the tables: files, stored models of absent plugins, logs."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from small_course import COURSE, EVERYTHING, MakeCore, arrival, launch_of
from sqlalchemy import insert, select, text, union_all
from sqlalchemy.exc import IntegrityError
from stifinder.core.errors import Forbidden
from stifinder.core.people import Profile, Purpose, Source
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.core.store import tables
from stifinder.core.store.database import Database, QueryWithoutTenant, across_tenants

STATEMENTS_ONLY = frozenset({(Purpose.SUGGESTIONS, Source.STATEMENTS)})


def on_disk(folder: Path, words: str) -> bool:
    return any(words.encode() in f.read_bytes() for f in folder.glob("stifinder.db*"))


def test_switching_everything_off_leaves_nothing_in_the_files(core: Core, tmp_path: Path) -> None:
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    core.intake("t", [arrival("person-1", 0)])
    assert on_disk(tmp_path, learner)
    assert core.agree(launch_of("person-1"), ()) == ""
    assert not on_disk(tmp_path, learner)


def test_withdrawing_a_part_takes_it_out_of_the_files(core: Core, tmp_path: Path) -> None:
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    core.set_profile("t", learner, Profile(role="A very unusual occupation"))
    core.agree(launch_of("person-1"), STATEMENTS_ONLY)
    assert core.profile("t", learner) == Profile()
    assert not on_disk(tmp_path, "A very unusual occupation")


def test_what_people_say_about_themselves_is_kept_only_with_their_agreement(core: Core) -> None:
    learner = core.agree(launch_of("person-1"), STATEMENTS_ONLY)
    with pytest.raises(Forbidden, match="agreed"):
        core.set_profile("t", learner, Profile(role="Electrician"))
    with pytest.raises(Forbidden, match="agreed"):
        core.answer_questions("t", learner, {"role": "Electrician"})
    assert core.profile("t", learner) == Profile()


def test_agreeing_to_be_found_by_peers_does_not_keep_what_was_kept_for_suggestions(core: Core) -> None:
    launch = launch_of("person-1")
    learner = core.agree(launch, EVERYTHING)
    core.intake("t", [arrival("person-1", 0)])
    core.agree(launch, {(Purpose.PEERS, Source.STATEMENTS)})
    held = core.held("t", learner)
    assert held["events"] == held["statements"] == []


def test_a_plugin_that_was_off_during_an_erasure_does_not_bring_the_person_back(make_core: MakeCore) -> None:
    before = make_core()
    before.import_catalogue("t", COURSE)
    learner = before.agree(launch_of("person-1"), EVERYTHING)
    before.agree(launch_of("person-2"), EVERYTHING)
    before.intake("t", [arrival(f"person-{who}", n) for who in (1, 2) for n in range(3)])
    before.save_models("t")
    before.close()
    without = make_core(plugins=Plugins(disable=["collaborative"]))
    without.erase("t", learner)
    with without.database.read() as connection:
        stored = connection.scalars(across_tenants(select(tables.model_snapshot.c.data))).all()
    without.close()
    assert stored
    assert not any(learner.encode() in data for data in stored)
    after = make_core()
    after.save_models("t")
    with after.database.read() as connection:
        stored = connection.scalars(across_tenants(select(tables.model_snapshot.c.data))).all()
    assert not any(learner.encode() in data for data in stored)


def test_a_new_database_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'fresh.db'}")
    database.migrate()
    with database.write() as connection:
        connection.execute(text("CREATE TABLE something (x)"))
    made = list(tmp_path.glob("fresh.db*"))
    assert len(made) == 3  # the write-ahead log and its index hold the same data
    assert {stat.S_IMODE(file.stat().st_mode) for file in made} == {0o600}
    database.close()


def test_an_error_of_the_database_does_not_carry_what_was_to_be_stored(core: Core) -> None:
    row = {"id": "learner-1", "tenant_id": "t", "roles": [], "created_at": core.clock()}
    row["profile"] = {"role": "A very unusual occupation"}
    with core.database.write() as connection, pytest.raises(IntegrityError) as error:
        connection.execute(insert(tables.learner), [row, row])
    assert "occupation" not in str(error.value)


# --- no query without a tenant ----------------------------------------------------------------------

EVENT, LEARNER = tables.event, tables.learner
ONE = select(EVENT.c.id).where(EVENT.c.tenant_id == "t")
ALL = select(EVENT.c.id)


@pytest.mark.parametrize(
    "query",
    [
        union_all(ONE, ALL),
        insert(LEARNER).from_select(["tenant_id", "id"], select(EVENT.c.tenant_id, EVENT.c.learner_id)),
        ALL.where(EVENT.c.id.in_(ONE)),
        ONE.where(EVENT.c.id.in_(ALL)),
        select(ALL.subquery().c.id),
        ALL.where(EVENT.c.tenant_id != "t"),
        select(EVENT.c.id).join(LEARNER, EVENT.c.tenant_id == LEARNER.c.tenant_id),
        ONE.with_only_columns(EVENT.c.id, ALL.limit(1).scalar_subquery()),
    ],
    ids=["union", "insert", "outside", "inside", "from", "not-equal", "join-only", "column"],
)
def test_a_query_cannot_hide_from_the_guard(core: Core, query) -> None:
    with core.database.write() as connection, pytest.raises(QueryWithoutTenant):
        connection.execute(query)


@pytest.mark.parametrize(
    "query",
    [
        union_all(ONE, ONE),
        ONE.where(EVENT.c.id.in_(ONE)),
        select(EVENT.c.id)
        .join(LEARNER, EVENT.c.tenant_id == LEARNER.c.tenant_id)
        .where(LEARNER.c.tenant_id == "t"),
        ALL.where(EVENT.c.tenant_id.in_(["t"])),
    ],
    ids=["union", "inside", "join", "list"],
)
def test_a_query_that_names_its_tenant_passes_the_guard(core: Core, query) -> None:
    with core.database.read() as connection:
        assert connection.execute(query).all() == []
