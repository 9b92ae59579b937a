"""Administration in the API: registrations, invitations, plugins, credentials, jobs, choices, the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ...core.choices import Choices
from ...core.desks.plugin_jobs import JobHere, standing
from ...core.desks.plugins import PluginHere
from ...core.people import Purpose, Source
from ...core.plugin_choices import WrongSettings
from ...core.plugin_health import PluginHealth
from ...core.store import credentials, lti
from ...core.store.api_tokens import ApiToken
from ...core.store.grades import Waiting
from ...core.store.lti import PENDING, Registration
from ...core.store.tenants import LegalBasis
from ...schemas.api_administration import (
    BasisAsked,
    BasisTold,
    CheckTold,
    ChoicesAsked,
    ChoicesTold,
    CredentialAsked,
    CredentialTold,
    EntryTold,
    ForgottenTold,
    InvitationAsked,
    InvitationTold,
    JobTold,
    KeyTold,
    NewCredentialTold,
    PluginJobTold,
    PluginTold,
    RecordAsked,
    RegistrationTold,
    RetryAsked,
    SettingsAsked,
    SwitchAsked,
    TokenTold,
    UnreadTold,
    WhichCredentialAsked,
)
from ...schemas.api_catalogue import CountTold
from ...schemas.api_fields import PageAsked, all_of, page_of
from ..lti.check import examine
from ..rendering import told, translated
from ..token_gate import actor, current
from ..visiting import core
from .paging import Answer, part, place, sorted_part
from .routes import Calls, any_of

calls = Calls(
    "api_administration",
    "Administration",
    "What belongs to the organisation. Tokens are not made here: no token makes another.",
    "/administration",
)
about = Calls("api_token", "Token", "The token that asks.")


@about.call("GET", "/token", TokenTold)
def see() -> ApiToken:
    """See what the token is for, and until when. Any token may ask."""
    return current()


# --- registrations ----------------------------------------------------------------------------------


@calls.call("GET", "/registrations", page_of(RegistrationTold, "RegistrationsTold"), asks=PageAsked)
def registrations(query: dict[str, Any]) -> Answer:
    """List the LMSs that can launch the tool, and those that wait for a yes."""
    found = lti.registrations(core().database, current().tenant_id)
    return sorted_part(found, query, lambda entry: [*entry.triple, entry.id])


@calls.call("GET", "/registrations/<id:registration>", RegistrationTold)
def registration(registration: str) -> Registration:
    """See a registration."""
    return core().registration(current().tenant_id, registration)


@calls.call("GET", "/registrations/<id:registration>/check", all_of(CheckTold, "ChecksTold"))
def check(registration: str) -> dict[str, Any]:
    """Check an installation: what works and what does not yet, each with its cure."""
    lines = examine(core(), core().registration(current().tenant_id, registration))
    return {
        "items": [
            {
                "name": translated(line.name),
                "state": line.state,
                "what": told(line.what, line.values),
                "cure": told(line.cure, line.values),
            }
            for line in lines
        ]
    }


@calls.call("POST", "/registrations/<id:registration>/approve", RegistrationTold)
def approve(registration: str) -> Registration:
    """Let a registration that waits launch; nothing changes where it may already."""
    tenant_id = current().tenant_id
    if core().registration(tenant_id, registration).status == PENDING:
        core().approve_registration(tenant_id, actor(), registration)
    return core().registration(tenant_id, registration)


@calls.call("DELETE", "/registrations/<id:registration>", RegistrationTold)
def remove_registration(registration: str) -> Registration:
    """Take a registration away: launches through it are refused from then on."""
    return core().remove_registration(current().tenant_id, actor(), registration)


@calls.call("POST", "/invitations", InvitationTold, takes=InvitationAsked, status=201)
def invite(body: dict[str, int]) -> dict[str, Any]:
    """Make a link with which one LMS can be registered; it is good once."""
    token = core().invite_lms(current().tenant_id, actor(), body["days"])
    address = f"{core().settings.base_url}/lti/register?invite={token}"
    return {"address": address, "expires_at": core().clock() + timedelta(days=body["days"])}


@calls.call("GET", "/keys", all_of(KeyTold, "KeysTold"))
def keys() -> dict[str, Any]:
    """List the keys with which the tool signs, and their times. Whoever runs the tool changes them."""
    return {"items": core().keys()}


# --- plugins ----------------------------------------------------------------------------------------


@calls.call("GET", "/plugins", all_of(PluginTold, "PluginsTold"))
def plugins() -> dict[str, Any]:
    """List the plugins that are installed: which the organisation uses, their settings, and how they do."""
    return {"items": [_plugin(here) for here in core().plugins_here(current().tenant_id)]}


def _plugin(here: PluginHere) -> dict[str, Any]:
    schema = here.schema() if here.schema else None
    return {
        "name": here.installed.name,
        "version": here.installed.version,
        "hooks": here.installed.hooks,
        "status": here.installed.status,
        "used": here.choice.enabled,
        "settings": schema.dump(here.settings) if schema else None,
        "secrets": dict(here.secrets),
        "settings_fit": here.fits,
        "calls": here.tally.calls,
        "failures": here.tally.failures,
        "last_failure": here.last_failure,
        "health": _health(here.health),
        "may": {
            "reads": sorted(here.manifest.reads),
            "purposes": sorted(here.manifest.purposes),
            "hosts": here.manifest.hosts,
            "languages": here.manifest.languages,
        },
    }


def _health(health: PluginHealth) -> dict[str, Any]:
    last = health.last
    return {
        "since": health.since,
        "errors": dict(health.tally.kinds),
        "p50_ms": health.tally.p50,
        "p95_ms": health.tally.p95,
        "skipped": health.skipped,
        "again_in_seconds": round(health.again_in, 1),
        "stuck": health.stuck,
        "stored_bytes": dict(health.stored),
        "loading_bytes": health.grown,
        "apart": health.apart,
        "resident_bytes": health.resident,
        "last": last
        and {
            "hook": last.hook,
            "kind": last.kind,
            "words": last.words,
            "at": last.at,
            "trace": [f"{f.file}:{f.line}:{f.function}" for f in last.frames],
        },
    }


@calls.call("POST", "/plugins/<name:plugin>/again", PluginTold)
def try_plugin_again(plugin: str) -> dict[str, Any]:
    """End the pause of a plugin that is left alone after failing, in the process that answers."""
    core().try_plugin_again(current().tenant_id, actor(), plugin)
    return _plugin(core().plugin_here(current().tenant_id, plugin))


@calls.call("PUT", "/plugins/<name:plugin>", PluginTold, takes=SwitchAsked)
def switch_plugin(plugin: str, body: dict[str, bool]) -> dict[str, Any]:
    """Use a plugin in the organisation, or not; what its model learned stays either way."""
    core().switch_plugin(current().tenant_id, actor(), plugin, on=body["used"])
    return _plugin(core().plugin_here(current().tenant_id, plugin))


@calls.call("PUT", "/plugins/<name:plugin>/settings", PluginTold, takes=SettingsAsked, refuses=(409,))
def set_plugin(plugin: str, body: dict[str, Any]) -> dict[str, Any]:
    """Set a plugin for the organisation; what is left out holds as usual.

    Settings that do not fit the plugin are refused (409), and `errors` says which.
    """
    try:
        core().set_plugin(current().tenant_id, actor(), plugin, body["settings"])
    except WrongSettings as error:
        error.status = 409  # the form is right, it is this plugin that they contradict (RFC 9110, 9.3.4)
        raise
    return _plugin(core().plugin_here(current().tenant_id, plugin))


# --- credentials for statements ---------------------------------------------------------------------


@calls.call("GET", "/statement-credentials", all_of(CredentialTold, "CredentialsTold"))
def statement_credentials() -> dict[str, Any]:
    """List the names with which LMSs send statements."""
    with core().database.read() as connection:
        names = credentials.names(connection, current().tenant_id)
    return {"items": [{"username": name} for name in names]}


@calls.call(
    "POST", "/statement-credentials", NewCredentialTold, takes=CredentialAsked, status=201, refuses=(409,)
)
def add_credential(body: dict[str, str]) -> dict[str, str]:
    """Make a name and a password for an LMS that sends statements."""
    username, password = core().add_credential(current().tenant_id, actor(), body["username"])
    return {"username": username, "password": password, "endpoint": f"{core().settings.base_url}/xapi"}


@calls.call("DELETE", "/statement-credentials", CredentialTold, asks=WhichCredentialAsked, refuses=(404,))
def remove_credential(query: dict[str, str]) -> dict[str, str]:
    """Remove a name: statements sent with it are refused from then on."""
    core().remove_credential(current().tenant_id, actor(), query["username"])
    return {"username": query["username"]}


# --- jobs -------------------------------------------------------------------------------------------


@calls.call("GET", "/jobs", page_of(JobTold, "JobsTold"), asks=PageAsked)
def jobs(query: dict[str, Any]) -> Answer:
    """List the scores that wait to be sent to an LMS, and why."""

    def number(waiting: Waiting) -> list[int]:
        return [waiting.id]

    return sorted_part(core().waiting_scores(current().tenant_id), query, number)


@calls.call("GET", "/jobs/members", all_of(UnreadTold, "UnreadCoursesTold"))
def unread() -> dict[str, Any]:
    """List the courses of which an LMS does not tell who takes part, and why."""
    return {"items": core().overview(current().tenant_id).unread}


@calls.call("GET", "/jobs/plugins", all_of(PluginJobTold, "PluginJobsTold"))
def plugin_jobs() -> dict[str, Any]:
    """List what plugins do beside the pages, and how it stands."""
    now = core().clock()
    return {"items": [_plugin_job(here, now) for here in core().plugin_jobs(current().tenant_id)]}


def _plugin_job(here: JobHere, now: datetime) -> dict[str, Any]:
    stands = here.state
    return {
        "plugin": here.plugin,
        "job": here.job.name,
        "title": here.job.title,
        "every_seconds": int(here.job.every.total_seconds()),
        "state": standing(here, now),
        "done": stands.done if stands else 0,
        "total": stands.total if stands else 0,
        "failure": stands.failure if stands else "",
        "ended_at": stands.ended_at if stands else None,
        "next_at": stands.next_at if stands else None,
    }


@calls.call("POST", "/jobs/plugins/<name:plugin>/<name:job>/run", CountTold)
def run_plugin_job(plugin: str, job: str) -> dict[str, int]:
    """Make a job of a plugin due at once."""
    core().run_plugin_job_soon(current().tenant_id, actor(), plugin, job)
    return {"count": 1}


@calls.call("POST", "/jobs/retry", CountTold, takes=RetryAsked, refuses=(404,))
def retry(body: dict[str, Any]) -> dict[str, int]:
    """Have a score, or all that wait, tried again at once."""
    ids = () if body["id"] is None else (body["id"],)
    return {"count": core().retry_waiting(current().tenant_id, actor(), ids)}


# --- choices and the record -------------------------------------------------------------------------


@calls.call("GET", "/choices", ChoicesTold)
def choices() -> dict[str, Any]:
    """See how suggestions, figures and data are handled."""
    return _choices(core().choices(current().tenant_id))


def _choices(chosen: Choices) -> dict[str, Any]:
    note = {tag: chosen.consent_note.get(tag, "") for tag in ("da", "en", "de")}
    return {
        "needs_yes": chosen.needs_yes,
        "figures_from": chosen.figures_from,
        "exploration": chosen.exploration,
        "retention_days": chosen.retention_days,
        "consent_note": note,
        "consent_version": chosen.consent_version,
    }


@calls.call("PATCH", "/choices", ChoicesTold, takes=ChoicesAsked)
def choose(body: Mapping[str, Any]) -> dict[str, Any]:
    """Choose how suggestions, figures and data are handled."""
    for key, value in body.items():
        core().choose(current().tenant_id, actor(), key, value)
    return _choices(core().choices(current().tenant_id))


@calls.call("GET", "/legal-bases", all_of(BasisTold, "BasesTold"))
def legal_bases() -> dict[str, Any]:
    """List the purposes that rest on another legal basis than consent."""
    return {"items": core().recorded_bases(current().tenant_id)}


_BASIS = f"/legal-bases/{any_of(Purpose)}:purpose>/{any_of(Source)}:source>"


@calls.call("PUT", _BASIS, BasisTold, takes=BasisAsked)
def record_basis(purpose: str, source: str, body: dict[str, str]) -> LegalBasis:
    """Record another legal basis than consent; learners read the notice from then on."""
    tenant_id, this = current().tenant_id, (Purpose(purpose), Source(source))
    core().record_basis(
        tenant_id,
        actor(),
        *this,
        basis=body["basis"],
        decided_by=body["decided_by"],
        notice=body["notice"],
    )
    return next(b for b in core().recorded_bases(tenant_id) if (b.purpose, b.source) == this)


@calls.call("DELETE", _BASIS, ForgottenTold)
def withdraw_basis(purpose: str, source: str) -> dict[str, int]:
    """Have a purpose rest on consent alone again; what was kept without it is removed."""
    tenant_id = current().tenant_id
    return {"forgotten": core().withdraw_basis(tenant_id, actor(), Purpose(purpose), Source(source))}


@calls.call("GET", "/record", page_of(EntryTold, "EntriesTold"), asks=RecordAsked)
def record(query: dict[str, Any]) -> Answer:
    """List what staff and tokens did, newest first."""
    entries = core().audit_page(
        current().tenant_id,
        before=place(query),
        limit=query["limit"] + 1,
        act=query["act"],
        sign=query["by"],
    )
    return part(entries, query, lambda entry: entry.seq)
