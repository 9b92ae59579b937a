"""The tables. Every row belongs to a tenant; ``database.py`` refuses a query that does not name one."""

from .base import SYSTEM, Moment, metadata
from .border import (
    invitation,
    registration,
    tenant,
    tool_key,
    used_token,
    xapi_credential,
)
from .happened import (
    award,
    dropped,
    event,
    mastery,
    model_snapshot,
    statement,
    suggestion,
    waiting,
)
from .learnable import (
    activity,
    context,
    skill,
)
from .outgoing import (
    course_group,
    course_group_member,
    grade_link,
    outbox,
    roster,
)
from .people import (
    erasure,
    grant,
    learner,
    learner_identity,
    legal_basis,
    membership,
)
from .plugin_work import (
    plugin_job,
    plugin_value,
)
from .staff import (
    api_token,
    audit,
    decision,
    plugin_choice,
    setting,
    staff_member,
)

PERSONAL = (
    learner_identity,
    grant,
    membership,
    statement,
    event,
    suggestion,
    waiting,
    mastery,
    award,
    outbox,
    grade_link,
    decision,
    course_group_member,
    plugin_value,
)
"""Tables with rows about one learner, besides ``learner``: what export shows and erasure empties."""

__all__ = [
    "Moment",
    "PERSONAL",
    "SYSTEM",
    "activity",
    "api_token",
    "audit",
    "award",
    "context",
    "course_group",
    "course_group_member",
    "decision",
    "dropped",
    "erasure",
    "event",
    "grade_link",
    "grant",
    "invitation",
    "learner",
    "learner_identity",
    "legal_basis",
    "mastery",
    "membership",
    "metadata",
    "model_snapshot",
    "outbox",
    "plugin_choice",
    "plugin_job",
    "plugin_value",
    "registration",
    "roster",
    "setting",
    "skill",
    "staff_member",
    "statement",
    "suggestion",
    "tenant",
    "tool_key",
    "used_token",
    "waiting",
    "xapi_credential",
]
