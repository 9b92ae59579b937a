"""Signing in without an LMS: a link that is good once, for a short time, for one role in one tenant."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from administration_world import OTHER_LMS, Staff, acts, launch_as, registered, words
from click.testing import CliRunner
from flask.testing import FlaskClient
from small_course import EVERYTHING, Clock, launch_of
from stifinder.core.people import Role
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.core.store import joining, lti
from stifinder.core.store.tables import SYSTEM
from stifinder.lti_tool.app import create_app
from stifinder.lti_tool.cli import main
from stifinder.lti_tool.sign_in import LIFETIME, make_link
from werkzeug.test import TestResponse


@pytest.fixture
def client(core: Core) -> FlaskClient:
    return create_app(core).test_client()


@pytest.fixture
def link(core: Core) -> Callable[..., str]:
    """The path of a new link."""

    def make(kind: str = "administer", tenant: str = "t") -> str:
        return make_link(core, tenant, kind).removeprefix(core.settings.base_url)

    return make


def entered(client: FlaskClient, path: str) -> TestResponse:
    """Press the button, and load the page to which it leads."""
    answer = client.post(path)
    assert answer.status_code == 303, answer.text
    return client.get(answer.headers["Location"])


def test_the_button_opens_the_administration_of_that_tenant(client: FlaskClient, link) -> None:
    path = link()
    assert "opens the administration of A tenant" in words(client.get(path))
    page = entered(client, path)
    assert page.status_code == 200
    assert re.search(r"/learn/[0-9a-f]{32}/administration/$", page.request.path)


def test_a_link_works_once(client: FlaskClient, link) -> None:
    path = link()
    entered(client, path)
    for again in (client.get(path), client.post(path), client.application.test_client().post(path)):
        assert again.status_code == 403
        assert "used before" in words(again)


def test_looking_at_a_link_does_not_use_it_up(client: FlaskClient, link) -> None:
    path = link()
    for _ in range(3):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
        assert client.options(path).status_code == 200
    assert entered(client, path).status_code == 200


def test_a_link_ends_after_a_quarter_of_an_hour(client: FlaskClient, link, clock: Clock) -> None:
    path = link()
    clock.forward(minutes=LIFETIME.total_seconds() / 60)
    assert client.get(path).status_code == client.post(path).status_code == 403


def test_a_visit_by_a_link_ends_after_two_hours(client: FlaskClient, link, clock: Clock) -> None:
    page = entered(client, link())
    clock.forward(minutes=121)
    assert client.get(page.request.path).status_code == 403


def test_an_administrator_is_no_operator(client: FlaskClient, link) -> None:
    home = entered(client, link()).request.path.partition("administration")[0]
    assert client.get(f"{home}tenants").status_code == 403
    assert client.get(home).status_code == 403  # the learner's page: a link belongs to nobody who learns


def test_an_operator_sees_all_tenants(client: FlaskClient, link) -> None:
    path = link("operate", SYSTEM)
    assert "for all tenants" in words(client.get(path))
    page = entered(client, path)
    assert page.request.path.endswith("/tenants")
    assert "A tenant" in words(page)


def test_an_invitation_of_an_lms_signs_nobody_in_and_a_link_registers_none(
    core: Core, client: FlaskClient, link
) -> None:
    now = core.clock()
    invitation = joining.invite(core.database, "t", now + LIFETIME, now)
    assert client.post(f"/sign-in/{invitation}").status_code == 403
    token = link().rpartition("/")[2]
    assert client.get(f"/lti/register/manual?invite={token}").status_code == 403


@pytest.mark.parametrize("token", ["x", "0" * 32, "%27or%271", "a" * 5000])
def test_a_made_up_link_opens_nothing(client: FlaskClient, token: str) -> None:
    assert client.get(f"/sign-in/{token}").status_code == 403
    assert client.post(f"/sign-in/{token}").status_code == 403
    assert "Set-Cookie" not in client.post(f"/sign-in/{token}").headers


def test_another_site_cannot_sign_its_visitors_in(client: FlaskClient, link) -> None:
    path = link()
    for site in ("cross-site", "same-site"):
        assert client.post(path, headers={"Sec-Fetch-Site": site}).status_code == 403
    assert client.post(path, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_no_other_site_can_frame_the_button(client: FlaskClient, link) -> None:
    assert "frame-ancestors 'none'" in client.get(link()).headers["Content-Security-Policy"]


def test_making_and_using_a_link_is_recorded_without_its_secret(
    core: Core, client: FlaskClient, link
) -> None:
    path = link()
    entered(client, path)
    (used, sign), (made, by) = acts(core)
    assert (used, made, by) == ("sign in", "make a link to administer", "command line")
    assert re.fullmatch(r"link-[0-9a-f]{8}", sign)
    assert path.rpartition("/")[2] not in repr(core.audit_log("t"))


def test_the_command_prints_a_link_that_works(
    core: Core, client: FlaskClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STIFINDER_SECRET_KEY", settings.secret)
    monkeypatch.setenv("STIFINDER_DATA_DIR", str(settings.data_dir))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for arguments, where in ((["--tenant", "t"], "administration/"), (["--operator"], "tenants")):
        printed = CliRunner().invoke(main, ["sign-in", *arguments])
        assert printed.exit_code == 0, printed.output
        assert "Good once, for 15 minutes." in printed.stderr
        # The command uses the clock of the machine, and this core another: only the way in is compared.
        path = printed.stdout.strip().removeprefix(core.settings.base_url)
        core.clock = lambda: datetime.now(UTC)
        assert entered(client, path).request.path.endswith(where)
    missing = CliRunner().invoke(main, ["sign-in", "--tenant", "no-such-tenant"])
    assert missing.exit_code != 0


# --- the page of whoever runs the tool ------------------------------------------------------------------


@pytest.fixture
def operator(core: Core) -> Staff:
    return Staff(core, launch_as(Role.OPERATOR))


def test_nobody_else_comes_to_the_tenants(core: Core) -> None:
    for role in (Role.ADMINISTRATOR, Role.TEACHER, Role.LEARNER):
        staff = Staff(core, launch_as(role))
        assert staff.get("tenants").status_code == 403
        assert staff.post("tenants", id="x").status_code == 403
        assert staff.post("tenants/t/enter").status_code == 403
        assert staff.post("tenants/keys").status_code == 403
    assert core.tenant("x") is None


def test_a_tenant_is_added_entered_and_both_are_recorded(operator: Staff) -> None:
    core = operator.core
    added = operator.done("tenants", id="acme-dk", name="Acme", locale="da")
    assert "Acme" in words(added)
    found = core.tenant("acme-dk")
    assert found is not None
    assert found.locale == "da"
    page = operator.done("tenants/acme-dk/enter")
    assert page.request.path.endswith("/administration/")
    assert page.request.path.partition("/administration")[0] + "/" != operator.home
    assert "Set up, step by step" in words(page)
    assert [act for act, _ in acts(core, "acme-dk")] == ["sign in", "enter as administrator", "add tenant"]
    assert len({sign for _, sign in acts(core, "acme-dk")}) == 1


@pytest.mark.parametrize("id", ["", "Acme", "system", "a b", "-x", "t"])
def test_a_tenant_that_cannot_be_is_refused_at_its_field(operator: Staff, id: str) -> None:
    answer = operator.post("tenants", id=id, name="Acme")
    assert answer.status_code in (400, 409)
    assert 'id="id-wrong"' in answer.text
    assert 'value="Acme"' in answer.text


def test_there_is_no_entering_what_is_no_tenant(operator: Staff) -> None:
    assert operator.post("tenants/no-such/enter").status_code == 404
    assert operator.post(f"tenants/{SYSTEM}/enter").status_code == 404


def test_an_lms_without_invitation_is_given_to_a_tenant_or_refused(operator: Staff) -> None:
    core = operator.core
    first = registered(core, SYSTEM, status=lti.PENDING)
    second = registered(core, SYSTEM, OTHER_LMS, lti.PENDING)
    assert OTHER_LMS in operator.get("tenants").text
    assert operator.post(f"tenants/waiting/{first}", tenant=SYSTEM).status_code == 404
    assert "Approved." in words(operator.done(f"tenants/waiting/{first}", tenant="t"))
    assert core.registration("t", first).status == lti.ACTIVE
    assert acts(core)[0][0] == "approve registration"
    assert "Refused." in words(operator.done(f"tenants/waiting/{second}", refuse="1"))
    assert core.pending_everywhere() == []
    assert operator.post(f"tenants/waiting/{second}", tenant="t").status_code == 404


def test_keys_are_rotated_once_a_day_at_most(operator: Staff) -> None:
    operator.client.get("/lti/jwks")
    assert "A new key is published." in words(operator.done("tenants/keys"))
    assert len(operator.core.keys()) == 2
    assert operator.core.audit_log(SYSTEM)[0].act == "rotate keys"
    assert operator.post("tenants/keys").status_code == 409
    assert len(operator.core.audit_log(SYSTEM)) == 1


def test_the_tenants_show_what_needs_somebody(operator: Staff) -> None:
    core = operator.core
    core.agree(launch_of("person-1"), EVERYTHING)
    page = words(operator.get("tenants"))
    assert "One learner agreed" in page
    assert "not opened yet" in page
    assert "person-1" not in page
