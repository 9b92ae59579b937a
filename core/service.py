"""The core as the rest of the house uses it: one object, one call for each thing that can happen.

A handler asks one question here and renders the answer. Each desk is about one matter; what they do is in
modules of its own (``rights``, ``importing``, ``intake``, ``engine``, ``learner_page``).
"""

from __future__ import annotations

from .catalogue_desk import CatalogueDesk
from .grades_desk import GradesDesk
from .learning_desk import LearningDesk
from .people_desk import PeopleDesk
from .roster_desk import RosterDesk
from .staff_desk import StaffDesk


class Core(PeopleDesk, CatalogueDesk, LearningDesk, GradesDesk, RosterDesk, StaffDesk):
    """Stifinder without its border."""
