"""What belongs to the organisation in the JSON API: registrations, credentials, jobs, choices, the record."""

from __future__ import annotations

from marshmallow import fields, validate

from ..core.choices import LONGEST_NOTE
from ..core.desks.administration import INVITATION_DAYS, LONGEST_BASIS, LONGEST_DECIDED_BY, LONGEST_NOTICE
from ..core.people import Purpose, Role, Source
from ..core.scopes import Scope
from .api_courses import CourseChoicesAsked, CourseChoicesTold
from .api_fields import Anything, Asked, Choice, Flag, NumberOf, PageAsked, Text, Told, Whole, said


class TokenTold(Told):
    """The token that asks."""

    id = fields.String(metadata=said("The record of what was done calls it `token-` and this."))
    name = fields.String()
    tenant = fields.String(attribute="tenant_id")
    scopes = fields.List(Choice(Scope))
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()


class RegistrationTold(Told):
    """An LMS that can launch the tool, or waits for a yes."""

    id = fields.String()
    issuer = fields.String()
    client_id = fields.String()
    deployment_id = fields.String(metadata=said("Empty until the first launch tells it."))
    product = fields.String()
    status = Choice(["active", "pending"])
    auth_login_url = fields.String()
    auth_token_url = fields.String()
    key_set_url = fields.String()
    scopes = fields.List(fields.String(), metadata=said("Of the LMS's services, as it granted them."))
    created_at = fields.AwareDateTime(allow_none=True)
    last_launch_at = fields.AwareDateTime(allow_none=True)
    clock_skew_seconds = fields.Integer(allow_none=True, metadata=said("Positive: the LMS is ahead."))
    seen = fields.Dict(
        keys=fields.String(), values=fields.Boolean(), metadata=said("What launches showed, yes or no.")
    )


class CheckTold(Told):
    """One line of the check of an installation."""

    name = fields.String()
    state = Choice(["ok", "not-yet", "problem"])
    what = fields.String()
    cure = fields.String(metadata=said("Empty where there is nothing to do."))


class KeyTold(Told):
    """A key with which the tool signs, for all organisations; its public part is at `/lti/jwks`."""

    kid = fields.String()
    created_at = fields.AwareDateTime()
    signs_from = fields.AwareDateTime()
    retired_at = fields.AwareDateTime(allow_none=True, metadata=said("Null while no other follows it."))


class UnreadTold(Told):
    """A course of which the LMS does not tell who takes part."""

    title = fields.String(metadata=said("Empty when the catalogue does not have the course."))
    error = fields.String()
    next_at = fields.AwareDateTime(metadata=said("When the LMS is asked again."))


class PluginJobTold(Told):
    """What a plugin does beside the pages, again and again."""

    plugin = fields.String()
    job = fields.String()
    title = fields.String()
    every_seconds = fields.Integer()
    state = fields.String(
        validate=validate.OneOf(("new", "waits", "runs", "failed")), metadata=said("How it stands.")
    )
    done = fields.Integer(metadata=said("Of total, as the job says; 0 of 0 when it says nothing."))
    total = fields.Integer()
    failure = fields.String(metadata=said("Of the last run, by type and place; empty when it went well."))
    ended_at = fields.AwareDateTime(allow_none=True)
    next_at = fields.AwareDateTime(allow_none=True)


class InvitationAsked(Asked):
    """A link for one LMS."""

    days = NumberOf(INVITATION_DAYS, load_default=7, about="How long it is good.")


class InvitationTold(Told):
    """A link with which one LMS can be registered."""

    address = fields.String(metadata=said("Give it to whoever administers the LMS; it is not shown again."))
    expires_at = fields.AwareDateTime()


class MayTold(Told):
    """What a plugin may do, by its manifest."""

    reads = fields.List(fields.String(), metadata=said("Parts of what is known about a learner."))
    purposes = fields.List(fields.String(), metadata=said("Those who agreed to these, and nobody else."))
    hosts = fields.List(fields.String(), metadata=said("What it talks to; empty: it stays on the machine."))
    languages = fields.List(fields.String())


class FailureTold(Told):
    """The last failed call of a plugin: where, and of what kind; nothing of what it was given."""

    hook = fields.String()
    kind = fields.String(metadata=said("`error`, `timeout` or `unusable`."))
    words = fields.String()
    at = fields.AwareDateTime()
    trace = fields.List(fields.String(), metadata=said("`file:line:function`, outermost first."))


class HealthTold(Told):
    """How a plugin does, as the process that answers saw it since it started."""

    since = fields.AwareDateTime()
    errors = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata=said("By kind."))
    p50_ms = fields.Float(allow_none=True)
    p95_ms = fields.Float(allow_none=True)
    skipped = fields.Integer(metadata=said("Calls not made while it was left alone, for anybody."))
    again_in_seconds = fields.Float(metadata=said("Until it is tried again; 0 when it is not left alone."))
    stuck = fields.Integer(metadata=said("Calls that never ended."))
    stored_bytes = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata=said("By model."))
    loading_bytes = fields.Integer(allow_none=True, metadata=said("By which the process grew."))
    apart = fields.Boolean(metadata=said("Whether it runs in a process of its own."))
    resident_bytes = fields.Integer(allow_none=True, metadata=said("Of that process."))
    last = fields.Nested(FailureTold, allow_none=True)


class PluginTold(Told):
    """A plugin of the tool, and how it does."""

    name = fields.String()
    version = fields.String()
    hooks = fields.List(fields.String())
    status = fields.String(metadata=said("For all organisations of the tool."))
    used = fields.Boolean(metadata=said("Whether this organisation uses it."))
    settings = fields.Dict(
        allow_none=True,
        metadata={
            "description": "In force; null when there is nothing to set.",
            "additionalProperties": True,
        },
    )
    secrets = fields.Dict(
        keys=fields.String(),
        values=fields.Boolean(),
        metadata=said("Secret settings, and whether each is set. Left out, one stays; null removes it."),
    )
    settings_fit = fields.Boolean(
        metadata=said("False when what was set does not fit this version, so that what is usual holds.")
    )
    calls = fields.Integer(metadata=said("For this organisation, since the process started."))
    failures = fields.Integer()
    last_failure = fields.String(metadata=said("Hook and kind; empty without one."))
    health = fields.Nested(HealthTold)
    may = fields.Nested(MayTold)


class SwitchAsked(Asked):
    """Whether a plugin is used."""

    used = Flag(required=True)


class SettingsAsked(Asked):
    """Settings of a plugin."""

    settings = Anything("Setting to value, as the plugin describes them.", required=True)


class CredentialTold(Told):
    """A name with which an LMS sends statements."""

    username = fields.String()


class CredentialAsked(Asked):
    """A name for an LMS that sends statements."""

    username = Text(
        100,
        least=1,
        pattern="^[A-Za-z0-9._-]*$",
        load_default="",
        about="Unique in the whole tool; made up when it is left out.",
    )


class NewCredentialTold(CredentialTold):
    """A name and its password."""

    password = fields.String(metadata=said("Shown this once: only a hash of it is kept."))
    endpoint = fields.String()


class WhichCredentialAsked(Asked):
    """Which name."""

    username = Text(100, least=1, required=True)


class JobTold(Told):
    """A score that waits to be sent to the LMS."""

    id = fields.Integer()
    learner = fields.String(attribute="learner_id")
    line_item = fields.String(metadata=said("The column of the LMS's gradebook."))
    score = fields.Float(metadata=said("Of 100."))
    created_at = fields.AwareDateTime()
    next_try_at = fields.AwareDateTime(allow_none=True, metadata=said("Null: it waits for a person."))
    tries = fields.Integer()
    last_error = fields.String()


class RetryAsked(Asked):
    """Which score; all that wait when it is left out."""

    id = Whole(1, 2**31 - 1, allow_none=True, load_default=None)


class EntryTold(Told):
    """One act of staff, or of a token, as recorded."""

    seq = fields.Integer()
    at = fields.AwareDateTime()
    actor = fields.String(attribute="actor.sign")
    role = Choice(Role, attribute="actor.role")
    act = fields.String()
    subject = fields.String()
    details = fields.Dict(metadata={"additionalProperties": True})
    digest = fields.String(metadata=said("Over this entry and the one before it."))


class RecordAsked(PageAsked):
    """Which part of the record."""

    act = Text(60, load_default="", about="Only this act.")
    by = Text(40, load_default="", about="Only what was done under this sign.")


class BasisTold(Told):
    """Another legal basis than consent."""

    purpose = Choice(Purpose)
    source = Choice(Source)
    basis = fields.String()
    decided_by = fields.String()
    decided_at = fields.AwareDateTime()
    notice = fields.String(metadata=said("What learners are told."))


class BasisAsked(Asked):
    """Another legal basis than consent."""

    basis = Text(LONGEST_BASIS, least=1, required=True, about="Such as `works agreement 2026-4`.")
    decided_by = Text(LONGEST_DECIDED_BY, least=1, required=True, about="A role or a body, not a name.")
    notice = Text(LONGEST_NOTICE, least=1, required=True, about="What learners are told.")


class ForgottenTold(Told):
    """How many people were forgotten."""

    forgotten = fields.Integer()


class NoteTold(Told):
    """What the organisation adds to the page on consent, by language."""

    da = fields.String()
    en = fields.String()
    de = fields.String()


class NoteAsked(Asked):
    """What the organisation adds to the page on consent, by language; what is left out is empty then."""

    da = Text(LONGEST_NOTE, load_default="")
    en = Text(LONGEST_NOTE, load_default="")
    de = Text(LONGEST_NOTE, load_default="")


class ChoicesTold(CourseChoicesTold):
    """How suggestions, figures and data are handled."""

    retention_days = fields.Integer(metadata=said("0: what happened is kept until somebody erases it."))
    consent_note = fields.Nested(NoteTold)
    consent_version = fields.Integer(metadata=said("How often that note was changed."))


class ChoicesAsked(CourseChoicesAsked):
    """What to change; the rest stays. Null goes back to the default."""

    retention_days = Whole(30, 3650, allow_none=True, about="Null: kept until somebody erases it.")
    consent_note = fields.Nested(NoteAsked, allow_none=True)
