"""The API does what its document says: schemathesis reads it and tries everything it allows, and more.

What it sends is made up from the document; ids that could be somebody's are replaced by real ones in two of
three cases, so that calls also succeed. Every check that schemathesis has is on.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from schemathesis import Case, Config
from schemathesis.openapi import from_dict
from small_course import COURSE, EVERYTHING, ISSUER, MakeCore, arrival, launch_of
from stifinder.core.evidence import EventKind
from stifinder.core.people import Role
from stifinder.core.scopes import Scope
from stifinder.core.service import Core
from stifinder.core.settings import Limits
from stifinder.core.staff import Actor
from stifinder.core.store import lti, suggestions
from stifinder.lti_tool.api import GROUPS
from stifinder.lti_tool.api.document import register
from stifinder.lti_tool.app import create_app

pytestmark = pytest.mark.slow

EXAMPLES = 5
"""For each call, and each way of making up what is sent."""
ID = re.compile("[0-9a-f]{32}")
MADE_BY = Actor("staff-00000000", Role.ADMINISTRATOR)


class World:
    """A course with a learner who did something, and the ids of all things there are."""

    def __init__(self, core: Core) -> None:
        self.core = core
        core.import_catalogue("t", COURSE)
        catalogue = core.catalogue("t")
        self.ids = {
            "activity": catalogue.activities[0].id,
            "instead": catalogue.activities[1].id,
            "skill": next(iter(catalogue.skills)),
            "course": core.courses("t")[0][1].id,
        }
        self.app = create_app(core)
        _, self.token = core.add_token("t", MADE_BY, "contract", Scope)

    def put_in_order(self) -> None:
        """Make again what an earlier call took away."""
        database, ids = self.core.database, self.ids
        with database.read() as connection:
            whole = "suggestion" in ids and suggestions.find_many(
                connection, "t", ids["learner"], [ids["suggestion"]]
            )
        if not whole:
            ids["learner"] = self.core.agree(launch_of("person-1"), EVERYTHING)
            self.core.intake("t", [arrival("person-1", n, EventKind.PASSED, score=0.7) for n in range(4)])
            page = self.core.page(launch_of("person-1"), ids["learner"], minutes=60)
            if page.suggestions:  # there are none while everything is ruled out
                ids["suggestion"] = page.suggestions[0].suggestion.id
        if not lti.registrations(database, "t"):
            addresses = {"auth_login_url": f"{ISSUER}/auth", "key_set_url": f"{ISSUER}/keys"}
            entry = lti.Registration("t", ISSUER, "client", "1", **addresses, status="pending")
            _, made = lti.register(database, [entry], self.core.clock())
            ids["registration"] = made[0][0].id

    def real(self, sent: Any) -> None:
        """Put real ids in the place of some that are made up."""
        if isinstance(sent, dict):
            for name, value in sent.items():
                if name == "plugin" and isinstance(value, str) and len(value) % 3:
                    sent[name] = "mastery"
                if name in self.ids and isinstance(value, str) and ID.fullmatch(value) and value[-1] < "a":
                    sent[name] = self.ids[name]
                self.real(value)
        elif isinstance(sent, list):
            for inner in sent:
                self.real(inner)


@pytest.fixture
def world(make_core: MakeCore) -> World:
    core = make_core()
    core.settings = replace(core.settings, limits=Limits(api_per_minute=10**6, failures_per_minute=10**6))
    return World(core)


DOCUMENT = from_dict(
    register(Flask("document"), GROUPS, "http://localhost"),
    config=Config.from_dict({"generation": {"deterministic": True}}),
)


@DOCUMENT.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_a_call_answers_as_the_document_says(case: Case, world: World) -> None:
    case.operation.app = case.operation.schema.app = world.app
    world.put_in_order()
    for sent in (case.path_parameters, case.query, case.body):
        world.real(sent)
    case.call_and_validate(headers={"Authorization": f"Bearer {world.token}"})


def test_the_document_is_the_one_that_is_served(world: World) -> None:
    served = world.app.test_client().get("/api/v1/openapi.json").get_json()
    assert served["paths"] == DOCUMENT.raw_schema["paths"]
    assert served["components"] == DOCUMENT.raw_schema["components"]
