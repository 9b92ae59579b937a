"""A file of a move that is not as it was written is refused with place and cure, and changes nothing."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from moving_world import content, fill, installation, rewritten, said
from stifinder.core.errors import ConfigurationError, InvalidInput, StifinderError, TooLarge
from stifinder.core.service import Core
from stifinder.lti_tool.moving import export, import_
from stifinder.schemas import moving_maps
from stifinder.schemas.moving_archive import LEDGER, MANIFEST, PEOPLE, SETTINGS


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> bytes:
    """A file as it was written."""
    folder = tmp_path_factory.mktemp("exported")
    core = installation(folder / "old", migrated_sqlite, "old")
    core.add_tenant("t", "A tenant")
    fill(core)
    export(core, "t", folder / "t.zip")
    core.database.close()
    return (folder / "t.zip").read_bytes()


@pytest.fixture
def file(exported: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "t.zip"
    path.write_bytes(exported)
    return path


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Core]:
    """An installation that nothing gets into."""
    made = installation(tmp_path_factory.mktemp("there") / "new", migrated_sqlite, "new")
    yield made
    made.database.close()


def refused(elsewhere: Core, file: Path, kind: type[StifinderError] = InvalidInput) -> str:
    with pytest.raises(kind) as caught:
        import_(elsewhere, file)
    assert elsewhere.tenant("t") is None, "something was left behind"
    assert caught.value.cure
    return str(caught.value)


def test_a_wrong_line_is_named_with_its_file_and_number(file: Path, elsewhere: Core) -> None:
    lines = content(file, LEDGER).splitlines(keepends=True)
    lines[4] = lines[4].replace(b'"source":"', b'"source":"un')
    assert "statements.jsonl, line 5" in refused(elsewhere, rewritten(file, statements_jsonl=b"".join(lines)))
    people = content(file, PEOPLE).replace(b'"purpose":"peers"', b'"purpose":"sales"', 1)
    assert "learners.jsonl, line 1" in refused(elsewhere, rewritten(file, learners_jsonl=people))
    settings = content(file, SETTINGS).replace(b'"name"', b'"nome"')
    assert "settings.json" in refused(elsewhere, rewritten(file, settings_json=settings))


def test_an_address_that_would_run_a_script_is_refused(file: Path, elsewhere: Core) -> None:
    changed = content(file, "catalogue.json").replace(
        b"https://lms.example.org/activities/3", b"javascript:1", 1
    )
    assert "'activity-3': 'javascript:1'" in refused(elsewhere, rewritten(file, catalogue_json=changed))


def test_a_statement_that_is_none_is_refused_as_at_the_door(file: Path, elsewhere: Core) -> None:
    lines = content(file, LEDGER).replace(b'"homePage":"https://lms.example.org"', b'"homePage":"no address"')
    assert "statements.jsonl, line 1, actor.account.homePage" in refused(
        elsewhere, rewritten(file, statements_jsonl=lines)
    )


def test_a_line_about_nobody_is_named(file: Path, elsewhere: Core) -> None:
    people = content(file, PEOPLE).splitlines(keepends=True)
    message = refused(elsewhere, rewritten(file, learners_jsonl=b"".join(people[1:])))
    assert "statements.jsonl, line" in message
    assert "not in learners.jsonl" in message


def test_a_plain_xapi_file_is_sent_to_its_own_door(file: Path, elsewhere: Core) -> None:
    plain = json.dumps(said("person-1", 0)).encode() + b"\n"
    assert "/xapi" in refused(elsewhere, rewritten(file, statements_jsonl=plain))


def test_another_version_is_refused(file: Path, elsewhere: Core) -> None:
    manifest = json.loads(content(file, MANIFEST)) | {"version": 2}
    message = refused(elsewhere, rewritten(file, manifest_json=json.dumps(manifest).encode()))
    assert "version 2" in message
    manifest["format"] = "something"
    assert "no export" in refused(elsewhere, rewritten(file, manifest_json=json.dumps(manifest).encode()))


def test_a_changed_file_is_refused_before_anything_is_used(file: Path, elsewhere: Core) -> None:
    body = content(file, LEDGER)
    changed = body.replace(b'"success":true', b'"success":null').replace(b"0.14", b"0.24", 1)
    assert len(changed) == len(body)
    assert changed != body
    with zipfile.ZipFile(file) as archive:
        contents = {n: archive.read(n) for n in archive.namelist()} | {LEDGER: changed}
    with zipfile.ZipFile(file, "w") as archive:
        for name, value in contents.items():
            archive.writestr(name, value)
    assert "checksum" in refused(elsewhere, file)


def test_a_file_that_is_cut_short_or_damaged_is_refused(file: Path, elsewhere: Core, tmp_path: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert "zip" in refused(elsewhere, file)
    at = whole.index(b"statements.jsonl") + 200
    file.write_bytes(whole[:at] + bytes(64) + whole[at + 64 :])
    refused(elsewhere, file)
    (tmp_path / "none.zip").write_bytes(b"")
    refused(elsewhere, tmp_path / "none.zip")
    refused(elsewhere, tmp_path / "absent.zip", ConfigurationError)


def test_a_file_that_misses_a_part_is_refused(file: Path, elsewhere: Core) -> None:
    assert "suggestions.jsonl: It is missing" in refused(elsewhere, rewritten(file, suggestions_jsonl=None))


@pytest.mark.parametrize("name", ["../../secret.key", "/etc/passwd", "C:\\x", "extra.json"])
def test_names_that_lead_elsewhere_are_refused(
    file: Path, elsewhere: Core, name: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"{}")
    refused(elsewhere, file)


def test_what_is_there_twice_is_refused(file: Path, elsewhere: Core) -> None:
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(SETTINGS, b"{}")
    assert "twice" in refused(elsewhere, file)


def test_a_bomb_is_refused_unopened(file: Path, elsewhere: Core) -> None:
    bomb = rewritten(file, statements_jsonl=bytes(64 << 20))
    assert bomb.stat().st_size < 1 << 20
    assert "unpack" in refused(elsewhere, bomb, TooLarge)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("old_issuer,old_user,new_issuer\n", "new_user"),
        ("old_issuer,old_user,new_issuer,new_user\na,1,b,\n", "line 2: new_user is empty"),
        ("old_issuer,old_user,new_issuer,new_user\na,1,b,2\na,1,b,3\n", "line 3: '1' is there twice"),
        ("old_issuer,old_user,new_issuer,new_user\na,1,b,2\na,3,b,2\n", "line 3: '2' is also"),
    ],
)
def test_a_wrong_table_of_people_is_refused_with_its_line(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text(text)
    with pytest.raises(InvalidInput, match=words):
        moving_maps.accounts(tmp_path / "map.csv")
