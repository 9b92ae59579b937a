"""What the learner page shows: everything in one value, so a handler asks once and renders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .catalogue import Activity, Catalogue
from .evidence import Mastery
from .people import Context, Learner, Purpose, Source
from .proposals import Award, Challenge, Pace, PageSection, PeerMatch, Question, Reason, Skip, Suggestion

TIME_BUDGETS = (5, 20, 60, 120)
"""Minutes a learner can choose between."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A suggestion with its activity; ``reasons`` is what the page says."""

    suggestion: Suggestion
    activity: Activity

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why, strongest first; never empty."""
        return self.suggestion.reasons


@dataclass(frozen=True, slots=True)
class DueReview:
    """A skill to review today, and with what (None: a self-check question on the page)."""

    skill_id: str
    due: datetime
    minutes: int
    activity: Activity | None


@dataclass(frozen=True)
class LearnerPage:
    """One learner, one context, one moment.

    :param first_guess: no history yet: suggestions rest on the catalogue and what the person said.
    :param skipped: what was left out because it was shown or mastered already (worth saying on the page).
    :param too_long: how many fitting suggestions need more time than chosen.
    :param groups: what the learner's groups in the course are called, for tasks that are done with others.
    :param waiting: how many suggestions wait for a yes of staff.
    :param next_review: when the next review comes if none is due; None when nothing is scheduled.
    :param agreed: purposes and sources the person agreed to (or that rest on another recorded basis).
    :param agreed_before: whether the page on consent said less when the person agreed than it says today.
    :param pace: how the learner is getting on; None when nothing can be said.
    :param uses: data sources behind what is shown.
    """

    learner: Learner
    context: Context
    catalogue: Catalogue
    now: datetime
    minutes: int
    suggestions: tuple[Shown, ...] = ()
    reviews: tuple[DueReview, ...] = ()
    next_review: datetime | None = None
    mastery: tuple[Mastery, ...] = ()
    peers: tuple[PeerMatch, ...] = ()
    challenge: tuple[Challenge, Activity] | None = None
    groups: tuple[str, ...] = ()
    awards: tuple[Award, ...] = ()
    questions: tuple[Question, ...] = ()
    sections: tuple[PageSection, ...] = ()
    pace: Pace | None = None
    skipped: tuple[Skip, ...] = ()
    too_long: int = 0
    waiting: int = 0
    first_guess: bool = True
    agreed: frozenset[tuple[Purpose, Source]] = frozenset()
    agreed_before: bool = False
    uses: frozenset[str] = frozenset()
