"""Plugins as one tenant uses them: switched off, with settings of its own, and other processes see it."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest
from administration_world import Staff, launch_as, words
from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from small_course import COURSE, EVERYTHING, Clock, MakeCore, arrival, launch_of
from stifinder import Candidate, Reason, hookimpl
from stifinder.core.evidence import EventKind
from stifinder.core.people import Role
from stifinder.core.plugin_choices import WrongSettings
from stifinder.core.plugins import AskedForNoTenant, Plugins
from stifinder.core.service import Core
from stifinder.core.staff import OPERATOR
from stifinder.core.store import plugin_choices

SEEN: list[tuple[str, dict[str, Any]]] = []
LEVELS = ("easy", "hard")


class Everything(Schema):
    """One field of each kind that the page draws, and one that it does not."""

    size = fields.Integer(strict=True, load_default=3, validate=validate.Range(1, 9))
    share = fields.Float(load_default=0.5, validate=validate.Range(0, 1))
    loud = fields.Boolean(load_default=True, metadata={"title": "Loud"})
    level = fields.String(load_default="easy", validate=validate.OneOf(LEVELS, ["Easy", "Hard"]))
    name = fields.String(load_default="", validate=validate.Length(max=5))
    kinds = fields.List(fields.String(validate=validate.OneOf(LEVELS)), load_default=lambda: ["easy"])
    table = fields.Dict(load_default=dict, metadata={"title": "A table"})

    @validates_schema
    def both(self, data: dict[str, Any], **_: Any) -> None:
        if data["size"] == 9 and not data["loud"]:
            raise ValidationError("Nine must be loud.")


@hookimpl
def settings_schema() -> type[Schema]:
    return Everything


@hookimpl
def candidates(situation: Any) -> list[Candidate]:
    SEEN.append((situation.learner.tenant_id, dict(situation.settings)))
    return [Candidate(situation.pool[0], 1.0, (Reason("Because it is a test."),))]


@hookimpl
def learner_forgotten(tenant_id: str, learner_id: str) -> int:
    SEEN.append((tenant_id, {"forgotten": learner_id}))
    return 1


@pytest.fixture
def asked() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """A plugin ``asked_here`` that notes by whom it is asked, and with which settings."""
    module = types.ModuleType("asked_here")
    for function in (settings_schema, candidates, learner_forgotten):
        setattr(module, function.__name__, function)
    sys.modules["asked_here"] = module
    SEEN.clear()
    yield SEEN
    del sys.modules["asked_here"]


def plugins(**settings: Any) -> Plugins:
    return Plugins(load=["asked_here"], discover=False, settings={"asked_here": settings} if settings else {})


def with_two_tenants(make_core: MakeCore, **settings: Any) -> Core:
    core = make_core(plugins=plugins(**settings))
    core.add_tenant("u", "Another")
    for tenant in ("t", "u"):
        core.import_catalogue(tenant, COURSE)
    return core


def page(core: Core, tenant: str = "t") -> Any:
    return core.page(launch_of("person-1", tenant=tenant), "")


def strategies(core: Core, tenant: str = "t") -> set[str]:
    return {v.strategy for s in page(core, tenant).suggestions for v in s.suggestion.votes}


# --- switched off -----------------------------------------------------------------------------------


def test_a_plugin_that_a_tenant_switched_off_has_no_say_there_and_has_it_elsewhere(
    make_core: MakeCore, asked
) -> None:
    core = with_two_tenants(make_core)
    core.switch_plugin("t", OPERATOR, "asked_here", on=False)
    assert strategies(core, "t") == set()
    assert strategies(core, "u") == {"asked_here"}
    assert {tenant for tenant, _ in asked} == {"u"}
    core.switch_plugin("t", OPERATOR, "asked_here", on=True)
    assert strategies(core, "t") == {"asked_here"}


def test_other_processes_see_a_choice_at_the_next_page(make_core: MakeCore, asked) -> None:
    first, second = with_two_tenants(make_core), make_core(plugins=plugins())
    assert strategies(second) == {"asked_here"}
    first.switch_plugin("t", OPERATOR, "asked_here", on=False)
    assert strategies(second) == set()
    first.switch_plugin("t", OPERATOR, "asked_here", on=True)
    first.set_plugin("t", OPERATOR, "asked_here", {"size": 5})
    page(second)
    assert asked[-1][1]["size"] == 5


def test_a_plugin_that_is_switched_off_is_still_told_when_somebody_is_forgotten(
    make_core: MakeCore, asked
) -> None:
    core = with_two_tenants(make_core)
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    core.switch_plugin("t", OPERATOR, "asked_here", on=False)
    core.erase("t", learner)
    assert ("t", {"forgotten": learner}) in asked


def test_what_its_model_learned_stays_while_it_is_switched_off(core: Core) -> None:
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    lesson = [arrival("person-1", n, EventKind.PASSED, score=0.9) for n in range(3)]
    core.intake("t", lesson[:2])
    core.switch_plugin("t", OPERATOR, "mastery", on=False)
    assert core.page(launch_of("person-1"), learner).mastery == ()
    core.intake("t", lesson[2:])
    core.switch_plugin("t", OPERATOR, "mastery", on=True)
    assert sum(m.answers for m in core.page(launch_of("person-1"), learner).mastery) == 3


def test_a_core_never_asks_as_nobody(core: Core) -> None:
    """So that no page can forget what the tenant chose."""
    for hook in ("candidates", "tag_activity", "page_sections"):
        with pytest.raises(AskedForNoTenant):
            core.plugins.collect(hook)
    assert core.plugins.collect("learned_models")


# --- settings ---------------------------------------------------------------------------------------


def test_settings_come_from_the_tenant_then_the_installation_then_the_schema(
    make_core: MakeCore, asked
) -> None:
    core = with_two_tenants(make_core, size=4, level="hard")
    core.set_plugin("t", OPERATOR, "asked_here", {"size": 7})
    page(core, "t")
    page(core, "u")
    ours, theirs = dict(asked)["t"], dict(asked)["u"]
    assert (ours["size"], ours["level"], ours["share"]) == (7, "hard", 0.5)
    assert (theirs["size"], theirs["level"], theirs["share"]) == (4, "hard", 0.5)


def test_only_what_differs_from_the_usual_is_kept(make_core: MakeCore, asked) -> None:
    core = with_two_tenants(make_core, size=4)
    core.set_plugin("t", OPERATOR, "asked_here", {"size": 4, "share": 0.25})
    with core.database.read() as connection:
        assert plugin_choices.of_tenant(connection, "t")["asked_here"].settings == {"share": 0.25}
    core.set_plugin("t", OPERATOR, "asked_here", {})
    with core.database.read() as connection:
        assert plugin_choices.of_tenant(connection, "t") == {}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"size": 0}, "size"),
        ({"size": "many"}, "size"),
        ({"share": float("nan")}, "share"),
        ({"level": "middling"}, "level"),
        ({"name": "too long a name"}, "name"),
        ({"kinds": ["easy", "odd"]}, "kinds"),
        ({"sise": 1}, "sise"),
        ({"size": 9, "loud": False}, "_schema"),
    ],
)
def test_what_the_schema_refuses_changes_nothing(
    make_core: MakeCore, asked, wrong: dict[str, Any], field: str
) -> None:
    core = with_two_tenants(make_core)
    with pytest.raises(WrongSettings) as error:
        core.set_plugin("t", OPERATOR, "asked_here", wrong)
    assert set(error.value.errors) == {field}
    assert core.audit_log("t") == []


def test_the_same_schema_checks_the_configuration() -> None:
    (row,) = [
        d
        for d in Plugins(settings={"spacing": {"retention": 85, "retentoin": 1}}).describe()
        if d.name == "spacing"
    ]
    assert row.status.startswith("refused:")
    assert "retention" in row.status
    assert "retentoin: Unknown field." in row.status


def test_settings_that_no_longer_fit_are_left_out_and_said(
    make_core: MakeCore, asked, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = with_two_tenants(make_core)
    core.set_plugin("t", OPERATOR, "asked_here", {"size": 8})

    class Smaller(Everything):
        size = fields.Integer(load_default=3, validate=validate.Range(1, 5))

    monkeypatch.setitem(core.plugins.settings.schemas, "asked_here", Smaller)
    page(core)
    assert asked[-1][1]["size"] == 3
    assert "asked_here" in caplog.text


def test_a_schema_that_fails_or_hangs_does_so_alone(make_core: MakeCore, asked, monkeypatch) -> None:
    core = with_two_tenants(make_core)

    class Broken(Everything):
        @validates_schema
        def breaks(self, data: dict[str, Any], **_: Any) -> None:
            raise RuntimeError("somebody else's code")

    monkeypatch.setitem(core.plugins.settings.schemas, "asked_here", Broken)
    with pytest.raises(WrongSettings, match="could not check"):
        core.set_plugin("t", OPERATOR, "asked_here", {"size": 8})
    assert strategies(core) == {"asked_here"}


def test_what_is_no_schema_refuses_the_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("no_schema_here")

    def settings_schema() -> type:
        return dict

    module.settings_schema = hookimpl(settings_schema)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "no_schema_here", module)
    (row,) = Plugins(load=["no_schema_here"], discover=False).describe()
    assert row.status == "refused: settings_schema: it is no marshmallow schema class"


def test_one_tenants_retention_moves_its_reviews_and_nobody_elses(make_core: MakeCore, clock: Clock) -> None:
    core = make_core()
    core.add_tenant("u", "Another")
    due = {}
    for tenant in ("t", "u"):
        core.import_catalogue(tenant, COURSE)
        core.agree(launch_of("person-1", tenant=tenant), EVERYTHING)
        core.intake(tenant, [arrival("person-1", 2, EventKind.PASSED, at=clock.now, score=0.9)])
    core.set_plugin("t", OPERATOR, "spacing", {"retention": 0.95})
    for tenant in ("t", "u"):
        launch = launch_of("person-1", tenant=tenant)
        due[tenant] = core.page(launch, core.recognise(launch)).next_review
    assert due["t"] < due["u"]


def test_shipped_plugins_take_their_settings_from_the_situation() -> None:
    found = Plugins().settings
    assert found.installed("spacing") == {"retention": 0.9, "minutes": 2}
    assert found.installed("motivation") == {"edge": 0.7, "gentle_edge": 0.85}
    assert found.installed("beginners") == {"silent_after": 10}


def test_calls_are_counted_for_each_tenant_by_itself(make_core: MakeCore, asked) -> None:
    core = with_two_tenants(make_core)
    for _ in range(3):
        page(core, "t")
    assert core.plugin_here("t", "asked_here").tally.calls == 3
    assert core.plugin_here("u", "asked_here").tally.calls == 0
    assert (core.plugin_here("t", "asked_here").tally.p95 or 0) > 0


# --- the form ---------------------------------------------------------------------------------------


@pytest.fixture
def admin(make_core: MakeCore, asked) -> Staff:
    return Staff(with_two_tenants(make_core), launch_as(Role.ADMINISTRATOR))


def test_each_kind_of_field_is_drawn_as_people_expect_it(admin: Staff) -> None:
    form = admin.get("administration/plugins/asked_here").text
    assert 'type="number" id="field-1" name="size"' in form
    assert 'type="checkbox" id="field-3" name="loud"' in form
    assert '<option value="hard">Hard</option>' in form
    assert 'maxlength="5"' in form
    assert form.count('name="kinds"') == 2
    assert "“A table” can only be set in stifinder.toml." in words(
        admin.get("administration/plugins/asked_here")
    )


def test_what_was_entered_in_each_kind_of_field_is_kept(admin: Staff) -> None:
    admin.done(
        "administration/plugins/asked_here",
        size="5",
        share="0,25",
        level="hard",
        name="abc",
        kinds=["easy", "hard"],
    )
    found = dict(admin.core.plugin_here("t", "asked_here").settings)
    assert found.pop("table") == {}
    assert found == {
        "size": 5,
        "share": 0.25,
        "loud": False,
        "level": "hard",
        "name": "abc",
        "kinds": ["easy", "hard"],
    }


def test_an_empty_number_takes_the_usual_one(admin: Staff) -> None:
    admin.done("administration/plugins/asked_here", size="", share="", loud="1", level="easy", kinds="easy")
    assert admin.core.plugin_here("t", "asked_here").choice.settings == {}


def test_a_complaint_about_the_whole_is_said_above(admin: Staff) -> None:
    answer = admin.post("administration/plugins/asked_here", size="9", level="easy", kinds="easy")
    assert answer.status_code == 400
    assert "Nine must be loud." in words(answer)
