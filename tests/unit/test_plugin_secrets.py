"""Settings that are secret, that have several lines, and that were set by an earlier version."""

from __future__ import annotations

import json
import logging
import sys
import types
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from administration_world import Staff, launch_as, words
from api_client import STAFF, Program
from marshmallow import Schema, fields, validate
from small_course import COURSE, MakeCore, launch_of
from sqlalchemy import select
from stifinder import Candidate, hookimpl
from stifinder.core.people import Role
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.core.store.tables import plugin_choice
from stifinder.lti_tool.moving import export

PASSWORD = "correct horse battery staple"


class First(Schema):
    minutes = fields.Integer(load_default=20)
    password = fields.String(load_default="", validate=validate.Length(max=40), metadata={"secret": True})
    note = fields.String(load_default="", metadata={"lines": 4, "title": "Note"})


class Second(Schema):
    version = 2
    seconds = fields.Integer(load_default=1200, validate=validate.Range(min=60))
    password = fields.String(load_default="", metadata={"secret": True})

    @staticmethod
    def migrate(settings: dict[str, Any], version: int) -> dict[str, Any]:
        """From minutes to seconds."""
        assert version == 1
        minutes = settings.pop("minutes", 20)
        settings.pop("note", None)
        return settings | {"seconds": minutes * 60}


@pytest.fixture
def given() -> list[dict[str, Any]]:
    """The settings that the plugin was asked with."""
    return []


@pytest.fixture
def module(given: list[dict[str, Any]]) -> Iterator[types.ModuleType]:
    made = types.ModuleType("with_secrets")
    made.schema = First  # type: ignore[attr-defined]

    @hookimpl
    def settings_schema() -> type[Schema]:
        schema: type[Schema] = made.schema
        return schema

    @hookimpl
    def candidates(situation: Any) -> list[Candidate]:
        given.append(dict(situation.settings))
        return []

    made.settings_schema, made.candidates = settings_schema, candidates  # type: ignore[attr-defined]
    sys.modules["with_secrets"] = made
    yield made
    del sys.modules["with_secrets"]


def opened(make_core: MakeCore, **more: Any) -> Core:
    core = make_core(plugins=Plugins(load=["with_secrets"], discover=False, **more))
    if not core.catalogue("t").activities:
        core.import_catalogue("t", COURSE)
    return core


@pytest.fixture
def core(make_core: MakeCore, module: types.ModuleType) -> Core:
    return opened(make_core)


def stored(core: Core) -> dict[str, Any]:
    with core.database.read() as connection:
        chosen = select(plugin_choice.c.settings).where(plugin_choice.c.tenant_id == "t")
        return dict(connection.execute(chosen).scalar_one())


def test_a_secret_reaches_the_plugin_and_nobody_else(
    core: Core, given: list[dict[str, Any]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    core.set_plugin("t", STAFF, "with_secrets", {"minutes": 10, "password": PASSWORD})
    core.page(launch_of("person-1"), "")
    assert given[-1] == {"minutes": 10, "password": PASSWORD, "note": ""}
    here = core.plugin_here("t", "with_secrets")
    assert here.secrets == {"password": True}
    assert "password" not in here.settings
    told = next(item for item in Program(core).get("/administration/plugins")["items"])
    assert told["secrets"] == {"password": True}
    page = Staff(core, launch_as(Role.ADMINISTRATOR)).get("administration/plugins/with_secrets").text
    assert 'type="password"' in page
    export(core, "t", tmp_path / "t.zip")
    with zipfile.ZipFile(tmp_path / "t.zip") as archive:
        moved = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert '"minutes"' in moved
    everywhere = [json.dumps(stored(core)), str(told), page, moved, caplog.text, str(core.audit_log("t"))]
    assert not [text for text in everywhere if PASSWORD in text]
    assert "$sealed" not in moved
    (entry,) = [entry for entry in core.audit_log("t") if entry.act == "set plugin"]
    assert entry.details["settings"] == {"minutes": 10, "password": "secret"}


def test_saving_the_form_again_keeps_the_secret_and_only_the_box_removes_it(
    core: Core, given: list[dict[str, Any]]
) -> None:
    staff = Staff(core, launch_as(Role.ADMINISTRATOR))
    path = "administration/plugins/with_secrets"
    staff.post(path, minutes="10", password=PASSWORD, note="one\r\ntwo")
    assert "It is set, and not shown again." in words(staff.get(path))
    assert "<textarea" in staff.get(path).text
    staff.post(path, minutes="11", password="", note="one\r\ntwo")
    core.page(launch_of("person-1"), "")
    assert given[-1] == {"minutes": 11, "password": PASSWORD, "note": "one\ntwo"}
    staff.post(path, minutes="11", password="x" * 41, note="")
    assert core.plugin_here("t", "with_secrets").settings["minutes"] == 11
    staff.post(path, **{"minutes": "11", "password": "", "password-clear": "1", "note": ""})
    core.page(launch_of("person-1"), "")
    assert given[-1] == {"minutes": 11, "password": "", "note": ""}
    assert core.plugin_here("t", "with_secrets").secrets == {"password": False}


def test_a_secret_that_another_master_key_sealed_is_not_used_and_that_is_said(core: Core) -> None:
    core.set_plugin("t", STAFF, "with_secrets", {"password": PASSWORD})
    core.plugins.settings.secrets = type(core.secrets)("another master key, long enough to be one")
    core.plugins.settings._read.clear()
    here = core.plugin_here("t", "with_secrets")
    assert (here.fits, here.secrets) == (False, {"password": False})
    page = words(Staff(core, launch_as(Role.ADMINISTRATOR)).get("administration/plugins/with_secrets"))
    assert "does not fit this version" in page


def test_settings_of_an_earlier_version_are_brought_up_with_their_secrets(
    core: Core, make_core: MakeCore, module: types.ModuleType, given: list[dict[str, Any]]
) -> None:
    core.set_plugin("t", STAFF, "with_secrets", {"minutes": 10, "password": PASSWORD, "note": "gone"})
    module.schema = Second  # type: ignore[attr-defined]
    newer = opened(make_core)
    newer.page(launch_of("person-1"), "")
    assert given[-1] == {"seconds": 600, "password": PASSWORD}
    newer.set_plugin("t", STAFF, "with_secrets", {"seconds": 700})
    newer.page(launch_of("person-1"), "")
    assert given[-1] == {"seconds": 700, "password": PASSWORD}
    module.schema = First  # type: ignore[attr-defined]
    older = opened(make_core)  # back to the release before
    older.page(launch_of("person-1"), "")
    assert given[-1] == {"minutes": 20, "password": "", "note": ""}
    assert not older.plugin_here("t", "with_secrets").fits


def test_what_cannot_be_brought_up_is_kept_and_the_usual_holds(
    core: Core,
    make_core: MakeCore,
    module: types.ModuleType,
    given: list[dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    core.set_plugin("t", STAFF, "with_secrets", {"minutes": 0})
    module.schema = Second  # type: ignore[attr-defined]
    newer = opened(make_core)
    newer.page(launch_of("person-1"), "")
    assert given[-1] == {"seconds": 1200, "password": ""}
    assert "a tenant's settings are not used" in caplog.text
    assert stored(newer) == {"minutes": 0}
