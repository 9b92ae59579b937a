"""A tenant leaves into one file and arrives from it: nothing is lost, and a wrong file changes nothing."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from moving_world import OTHER, fill, installation
from small_course import COURSE, EVERYTHING, ISSUER, NOW, draft, launch_of
from sqlalchemy import Table, select
from stifinder.core import identity
from stifinder.core.errors import ConfigurationError, Conflict, NotFound
from stifinder.core.evidence import EventKind
from stifinder.core.moving import leaving
from stifinder.core.moving.places import Places
from stifinder.core.service import Core
from stifinder.core.settings import PluginSettings
from stifinder.core.store import audit, tables
from stifinder.lti_tool.cli import main
from stifinder.lti_tool.moving import export, import_
from stifinder.schemas.moving_archive import LEDGER, MANIFEST, PEOPLE, SETTINGS
from stifinder.schemas.moving_schema import schema
from stifinder.schemas.moving_statements import OWN_VERBS, VERB
from stifinder.schemas.statements import Limits, read_batch
from stifinder.schemas.verbs import kind_of

SCHEMA = Path(__file__).parents[2] / "docs" / "moving.schema.json"
LOST = {
    "tenant_id",
    "seq",
    "digest",
    "event_seq",
    "model_epoch",
    "catalogue_version",
    "people_version",
    "created_at",
}
KEPT = ("created_at", tables.learner)


@pytest.fixture
def full(core: Core) -> Core:
    """A tenant with something in every table that moves."""
    return fill(core)


@pytest.fixture
def elsewhere(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Core]:
    """Another installation, with another secret."""
    made = installation(tmp_path / "elsewhere", migrated_sqlite, "elsewhere")
    yield made
    made.database.close()


def rows(core: Core, table: Table, tenant: str = "t") -> list[str]:
    mine = table.c.id == tenant if table is tables.tenant else table.c.tenant_id == tenant
    with core.database.read() as connection:
        found = [dict(r._mapping) for r in connection.execute(select(table).where(mine))]
    kept = ({k: v for k, v in row.items() if k not in LOST or (k, table) == KEPT} for row in found)
    return sorted(json.dumps(row, sort_keys=True, default=str) for row in kept)


def test_every_row_that_moves_is_there_again(full: Core, elsewhere: Core, tmp_path: Path) -> None:
    left = export(full, "t", tmp_path / "t.zip")
    assert left.unnamed == 0
    tenant, _ = import_(elsewhere, tmp_path / "t.zip")
    assert tenant == "t"
    for table in leaving.MOVED:
        before = rows(full, table)
        assert before, f"the test has nothing in {table.name}"
        assert rows(elsewhere, table) == before, table.name


def test_every_table_moves_or_says_why_it_stays() -> None:
    named = {table.name for table in leaving.MOVED}
    assert not named & leaving.STAYS.keys()
    assert named | leaving.STAYS.keys() == set(tables.metadata.tables)


def test_no_secret_is_in_the_file(full: Core, tmp_path: Path) -> None:
    with full.database.read() as connection:
        digests = list(
            connection.scalars(
                select(tables.learner_identity.c.digest).where(tables.learner_identity.c.tenant_id == "t")
            )
        )
    export(full, "t", tmp_path / "t.zip")
    with zipfile.ZipFile(tmp_path / "t.zip") as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert not [d for d in digests if d in whole]
    assert full.settings.secret not in whole
    assert (tmp_path / "t.zip").stat().st_mode & 0o077 == 0


def test_an_erased_person_is_not_in_the_file(full: Core, tmp_path: Path) -> None:
    learner = full.recognise(launch_of("person-2"))
    full.erase("t", learner)
    export(full, "t", tmp_path / "t.zip")
    with zipfile.ZipFile(tmp_path / "t.zip") as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert learner not in whole
    assert "person-2" not in whole
    assert "person-1" in whole


def test_every_line_of_the_ledger_is_a_valid_statement(full: Core, tmp_path: Path) -> None:
    export(full, "t", tmp_path / "t.zip")
    with zipfile.ZipFile(tmp_path / "t.zip") as archive:
        lines = archive.read(LEDGER).splitlines()
    kinds = {
        json.loads(line)["context"]["extensions"]["urn:stifinder:ledger"]["event"]["kind"] for line in lines
    }
    assert {"completed", "scored", "outcome"} <= kinds
    read_batch(b"[%s]" % b",".join(lines), now=NOW + timedelta(days=1), limits=Limits(statements=10**6))


def test_the_files_are_as_the_schema_says_and_the_schema_is_the_published_one(
    full: Core, tmp_path: Path
) -> None:
    if os.environ.get("STIFINDER_REWRITE"):
        SCHEMA.write_text(json.dumps(schema(), indent=1) + "\n")
    assert json.loads(SCHEMA.read_text()) == schema()
    export(full, "t", tmp_path / "t.zip")
    check = Draft202012Validator(schema())
    with zipfile.ZipFile(tmp_path / "t.zip") as archive:
        assert json.loads(archive.read("schema.json")) == schema()
        for name in (MANIFEST, SETTINGS, "catalogue.json"):
            check.validate(json.loads(archive.read(name)))
        for name in (PEOPLE, "suggestions.jsonl"):
            for line in archive.read(name).splitlines():
                check.validate(json.loads(line))
        for line in archive.read(LEDGER).splitlines():
            check.validate(json.loads(line)["context"]["extensions"]["urn:stifinder:ledger"])


def test_both_are_on_record(full: Core, elsewhere: Core, tmp_path: Path) -> None:
    export(full, "t", tmp_path / "t.zip")
    import_(elsewhere, tmp_path / "t.zip")
    with full.database.read() as connection:
        last = audit.last(connection, "t")
        assert last is not None
        assert last.act == "export the tenant"
        assert last.details["lines"][PEOPLE] == 3
    with elsewhere.database.read() as connection:
        last = audit.last(connection, "t")
        assert last is not None
        assert last.act == "import the tenant"
        assert last.details["counts"]["learner"] == 3
        assert audit.broken_at(connection, "t") is None


def test_who_the_other_lms_calls_otherwise_is_recognised_there(
    full: Core, elsewhere: Core, tmp_path: Path
) -> None:
    export(full, "t", tmp_path / "t.zip")
    places = Places(
        people={identity.account(ISSUER, "person-1"): identity.account(OTHER, "17")},
        issuers={ISSUER: OTHER},
        addresses={f"{ISSUER}/": f"{OTHER}/", "https://nowhere.example/": "https://b.example/"},
    )
    _, arrived = import_(elsewhere, tmp_path / "t.zip", places=places)
    assert arrived.unused == {"addresses": 1}

    def there(name: str) -> str:
        return elsewhere.recognise(replace(launch_of(""), identities=(identity.account(OTHER, name),)))

    assert there("17") == full.recognise(launch_of("person-1"))
    assert there("person-2") == full.recognise(launch_of("person-2"))
    assert elsewhere.catalogue("t").activities[0].address == f"{OTHER}/activities/0"
    assert [a.id for a in elsewhere.catalogue("t")] == [a.id for a in full.catalogue("t")]


def test_who_never_sent_a_statement_is_named_by_a_list_or_counted(
    core: Core, elsewhere: Core, tmp_path: Path
) -> None:
    learner = core.agree(launch_of("person-9"), EVERYTHING)
    assert export(core, "t", tmp_path / "without.zip").unnamed == 1
    known = [identity.account(ISSUER, f"person-{n}") for n in range(20)]
    assert export(core, "t", tmp_path / "with.zip", known=known).unnamed == 0
    import_(elsewhere, tmp_path / "with.zip")
    assert elsewhere.recognise(launch_of("person-9")) == learner


def test_under_another_id_the_catalogue_can_be_imported_again(
    full: Core, elsewhere: Core, tmp_path: Path
) -> None:
    export(full, "t", tmp_path / "t.zip")
    tenant, _ = import_(elsewhere, tmp_path / "t.zip", tenant_id="acme")
    assert tenant == "acme"
    before = elsewhere.catalogue("acme")
    assert [a.id for a in before] == [a.id for a in full.catalogue("t")]
    report = elsewhere.import_catalogue("acme", [*COURSE, draft(8, "estimating")])
    assert (report.new, report.changed, report.unchanged) == (1, 0, len(COURSE))
    assert elsewhere.catalogue("acme").skills == before.skills
    elsewhere.ban("acme", "activity-1", decided_by="head of training")
    export(elsewhere, "acme", tmp_path / "again.zip")
    import_(full, tmp_path / "again.zip", tenant_id="third")
    assert full.import_catalogue("third", COURSE).new == 0


def test_a_tenant_with_data_is_not_written_over(full: Core, elsewhere: Core, tmp_path: Path) -> None:
    file = tmp_path / "t.zip"
    export(full, "t", file)
    with pytest.raises(Conflict, match="not empty"):
        import_(full, file)
    elsewhere.add_tenant("t", "Only registered so far")
    import_(elsewhere, file)
    assert elsewhere.tenant("t").name == "A tenant"  # type: ignore[union-attr]
    with pytest.raises(Conflict, match="not empty"):
        import_(elsewhere, file)
    with pytest.raises(Conflict, match="own tenant"):
        import_(elsewhere, file, tenant_id="system")


def test_an_import_says_in_what_the_installation_is_another(
    full: Core, tmp_path: Path, migrated_sqlite: Path
) -> None:
    file = tmp_path / "t.zip"
    export(full, "t", file)
    same = installation(tmp_path / "same", migrated_sqlite, "same")
    assert import_(same, file)[1].differences == []
    settings = replace(same.settings, seed=7, plugins=PluginSettings(disable=frozenset({"spacing"})))
    other = Core(settings, clock=same.clock)
    assert import_(other, file, tenant_id="u")[1].differences == [
        "The plugin 'spacing' is not here.",
        "The seed here is 7; there it was 0.",
    ]
    same.database.close()
    other.database.close()


def test_two_people_do_not_become_one(full: Core, elsewhere: Core, tmp_path: Path) -> None:
    file = tmp_path / "t.zip"
    export(full, "t", file)
    one = identity.account(OTHER, "17")
    places = Places(people={identity.account(ISSUER, f"person-{n}"): one for n in (1, 2)})
    with pytest.raises(Conflict, match="one account"):
        import_(elsewhere, file, places=places)
    assert elsewhere.tenant("t") is None


def test_an_export_leaves_no_half_file(full: Core, tmp_path: Path) -> None:
    export(full, "t", tmp_path / "t.zip")
    before = (tmp_path / "t.zip").read_bytes()
    with pytest.raises(ConfigurationError, match="already"):
        export(full, "t", tmp_path / "t.zip")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        export(full, "t", tmp_path / "nowhere" / "t.zip")
    with pytest.raises(NotFound):
        export(full, "nobody", tmp_path / "u.zip")

    def stop(_kind: str, _count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(full, "t", tmp_path / "t.zip", replace=True, progress=stop)
    assert (tmp_path / "t.zip").read_bytes() == before
    assert sorted(p.name for p in tmp_path.glob("*.zip*")) == ["t.zip"]


def test_the_command_line_moves_a_tenant(full: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STIFINDER_SECRET_KEY", full.settings.secret)
    monkeypatch.setenv("DATABASE_URL", full.settings.database_url)
    (tmp_path / "accounts.csv").write_text(f"issuer,user\n{ISSUER},person-1\n")
    (tmp_path / "map.csv").write_text(
        f"old_issuer,old_user,new_issuer,new_user\n{ISSUER},person-1,{OTHER},17\n{ISSUER},person-8,{OTHER},18\n"
    )
    done = CliRunner().invoke(main, ["tenant", "export", "t", "t.zip", "--people", "accounts.csv"])
    assert done.exit_code == 0, done.output
    assert "learners.jsonl: 3" in done.output
    monkeypatch.setenv("STIFINDER_SECRET_KEY", "another secret that is used in tests only")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'there.db'}")
    assert CliRunner().invoke(main, ["migrate"]).exit_code == 0
    bad = CliRunner().invoke(main, ["tenant", "import", "t.zip", "--as", "Not An Id"])
    assert (bad.exit_code, "lower-case" in bad.output) == (2, True)
    done = CliRunner().invoke(
        main,
        ["tenant", "import", "t.zip", "--map", "map.csv", "--platform", f"{ISSUER}/", OTHER, "--as", "acme"],
    )
    assert done.exit_code == 0, done.output
    assert "Imported acme" in done.output
    assert "1 people of your tables are not in the file" in done.output


def test_kinds_of_events_are_what_their_statements_say() -> None:
    assert set(VERB) == set(EventKind)
    assert all(kind_of(verb) == kind for kind, verb in VERB.items() if not verb.startswith(OWN_VERBS))
