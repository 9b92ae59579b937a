"""The core as the rest of the house uses it: one object, one call for each thing that can happen.

A handler asks one question here and renders the answer. Each desk is about one matter; what they do is in
modules of its own (``rights``, ``importing``, ``intake``, ``engine``, ``learner_page``).
"""

from __future__ import annotations

from .desks.administration import AdministrationDesk
from .desks.api_tokens import ApiTokensDesk
from .desks.catalogue import CatalogueDesk
from .desks.groups import GroupsDesk
from .desks.learning import LearningDesk
from .desks.moving import MovingDesk
from .desks.on_behalf import OnBehalfDesk
from .desks.paths import PathsDesk
from .desks.people import PeopleDesk
from .desks.plugin_jobs import PluginJobsDesk
from .desks.plugins import PluginsDesk
from .desks.retention import RetentionDesk
from .desks.review import ReviewDesk
from .desks.staff import StaffDesk
from .desks.teams import TeamsDesk


class Core(
    PeopleDesk,
    CatalogueDesk,
    LearningDesk,
    PathsDesk,
    ReviewDesk,
    GroupsDesk,
    AdministrationDesk,
    PluginJobsDesk,
    PluginsDesk,
    RetentionDesk,
    StaffDesk,
    TeamsDesk,
    ApiTokensDesk,
    OnBehalfDesk,
    MovingDesk,
):
    """Stifinder without its border."""
