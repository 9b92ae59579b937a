"""Stifinder's public surface: everything a plugin author needs, and nothing else.

    from stifinder import hookimpl, Activity, Candidate, Reason, Situation, message

Light to import: no web framework, no database.
"""

from .core.catalogue import MEDIA_TYPES, Activity, Catalogue, Level, Skill, SkillLevel, Tags
from .core.evidence import Event, EventKind, Mastery, Review
from .core.hookspecs import hookimpl
from .core.learned import LearnedModel
from .core.people import Context, Learner, Profile, Purpose, Role, Source, Tenant
from .core.proposals import (
    Award,
    Candidate,
    Challenge,
    Dismissal,
    Motivation,
    Outcome,
    PageSection,
    Peer,
    PeerMatch,
    Question,
    Reason,
    Signal,
    Situation,
    Suggestion,
    message,
)

__version__ = "0.1.0"

__all__ = [
    "MEDIA_TYPES",
    "Activity",
    "Award",
    "Candidate",
    "Catalogue",
    "Challenge",
    "Context",
    "Dismissal",
    "Event",
    "EventKind",
    "Learner",
    "LearnedModel",
    "Level",
    "Mastery",
    "Motivation",
    "Outcome",
    "PageSection",
    "Peer",
    "PeerMatch",
    "Profile",
    "Purpose",
    "Question",
    "Reason",
    "Review",
    "Role",
    "Signal",
    "Situation",
    "Skill",
    "SkillLevel",
    "Source",
    "Suggestion",
    "Tags",
    "Tenant",
    "__version__",
    "hookimpl",
    "message",
]
