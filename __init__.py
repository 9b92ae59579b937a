"""Stifinder's public surface: everything a plugin author needs, and nothing else.

    from stifinder import hookimpl, Activity, Candidate, Reason, Situation, message

Light to import: no web framework, no database.
"""

from .core.catalogue import MEDIA_TYPES, Activity, Catalogue, Level, Skill, SkillLevel, Tags
from .core.evidence import CHECK_IN, Event, EventKind, Mastery, Review
from .core.hookspecs import hookimpl
from .core.jobs import Job, JobHost
from .core.learned import Foretells, LearnedModel
from .core.manifests import INTERFACE, Manifest, Reads
from .core.people import Context, Depth, Learner, Profile, Purpose, Role, Source, Tenant
from .core.plans import Goal, LeftOut, Plan, Slot, Step, StepKind
from .core.proposals import (
    Award,
    Candidate,
    Challenge,
    Dismissal,
    Motivation,
    Outcome,
    Pace,
    PaceKind,
    PageSection,
    Peer,
    PeerMatch,
    Question,
    Reason,
    Risk,
    Signal,
    Situation,
    Suggestion,
    Team,
    message,
)
from .core.starting import once_started

__version__ = "0.1.0"

__all__ = [
    "CHECK_IN",
    "MEDIA_TYPES",
    "Activity",
    "Award",
    "Candidate",
    "Catalogue",
    "Challenge",
    "Context",
    "Depth",
    "Dismissal",
    "Event",
    "EventKind",
    "Foretells",
    "Goal",
    "INTERFACE",
    "Learner",
    "LearnedModel",
    "Job",
    "JobHost",
    "LeftOut",
    "Level",
    "Manifest",
    "Mastery",
    "Motivation",
    "Outcome",
    "Pace",
    "PaceKind",
    "PageSection",
    "Peer",
    "PeerMatch",
    "Plan",
    "Profile",
    "Purpose",
    "Question",
    "Reads",
    "Reason",
    "Review",
    "Risk",
    "Role",
    "Signal",
    "Situation",
    "Skill",
    "SkillLevel",
    "Slot",
    "Source",
    "Step",
    "StepKind",
    "Suggestion",
    "Tags",
    "Team",
    "Tenant",
    "__version__",
    "hookimpl",
    "message",
    "once_started",
]
