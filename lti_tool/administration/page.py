"""What the administration pages have in common: tabs, who acts, and what is said after an act."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, current_app, request

from ...core.access import Act, may
from ...core.proposals import message
from ...core.staff import Actor
from ...core.store.tables import SYSTEM
from ..visiting import core, current, go_to, show

TABS = (
    ("administration.index", message("Overview")),
    ("administration.lms", message("LMS")),
    ("administration.keys", message("Keys")),
    ("administration.plugins", message("Plugins")),
    ("administration.privacy", message("Consent and retention")),
    ("administration.credentials", message("Statements")),
    ("administration.jobs", message("Jobs")),
    ("tokens.page", message("API tokens")),
    ("administration.audit", message("Audit log")),
)
"""Endpoint to its name, in the order in which they stand."""

PLACES = (
    (Act.SEE_COURSE, "course.attention", message("This course")),
    (Act.LEARN, "learner.page", message("Your own page")),
)
"""Other places, for whom they are open."""

SAID: Mapping[str, str] = {
    "approved": message("Approved. The LMS can open the tool now."),
    "refused": message("Refused. The LMS was not registered."),
    "removed": message("Removed. The LMS cannot open the tool any more."),
    "on": message("Switched on. It counts from the next page on."),
    "off": message("Switched off. It is not asked any more from the next page on."),
    "again": message("It is asked again from the next page on."),
    "set": message("Saved. The settings count from the next page on."),
    "usual": message("The usual settings hold again."),
    "note": message("Saved. Learners read it on the page on which they agree."),
    "handling": message("Saved. It holds in every course that chose nothing else."),
    "retention": message("Saved. What is older goes within a day."),
    "basis": message("Recorded. Learners read the notice from now on."),
    "basis-removed": message("Removed. This rests on each learner’s agreement again."),
    "credential-removed": message("Removed. Statements sent with this name are refused from now on."),
    "run": message("It is done within a minute. Load this page again then."),
    "retry": message("It is tried again now. Load this page again in a minute."),
    "added": message("Added. Enter it to invite its LMS."),
    "rotated": message("A new key is published. It signs from tomorrow on; nothing has to be changed."),
}
"""What became of an act, for the next page to say."""


def tabs() -> list[tuple[str, str]]:
    """The tabs there are."""
    return [(endpoint, name) for endpoint, name in TABS if endpoint in current_app.view_functions]


def places() -> list[tuple[str, str]]:
    """Where else this visit can go."""
    launch = current().launch
    return [
        (endpoint, name)
        for act, endpoint, name in PLACES
        if endpoint in current_app.view_functions
        and may(launch.roles, act)
        and (launch.identities or act is not Act.LEARN)
        and (launch.context_key or act is Act.LEARN)
    ]


def tenant_id() -> str:
    """The tenant of this visit: the only one that its pages show and change."""
    return current().launch.tenant_id


def of_a_tenant() -> Response | None:
    """Before a page of the administration: whoever runs the tool enters a tenant first."""
    return go_to("operator.tenants") if tenant_id() == SYSTEM else None


def actor() -> Actor:
    """Who acts in this visit."""
    return core().actor(current().launch)


def show_tab(template: str, tab: str, **values: object) -> Response:
    """A page of the administration."""
    return show(
        template,
        tabs=tabs(),
        places=places(),
        tab=tab,
        said=SAID.get(request.args.get("said", ""), ""),
        tenant=core().tenant(tenant_id()),
        **values,
    )
