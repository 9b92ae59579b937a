"""Hand-made pages for tests of how the learner's pages look and speak: a stand-in core, a state a name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from stifinder import (
    Activity,
    Award,
    Catalogue,
    Challenge,
    Context,
    Dismissal,
    Learner,
    Level,
    Mastery,
    PageSection,
    PeerMatch,
    Profile,
    Purpose,
    Question,
    Reason,
    Skill,
    SkillLevel,
    Source,
    Suggestion,
)
from stifinder.core.choices import Choices
from stifinder.core.errors import NotFound
from stifinder.core.launch import Launch
from stifinder.core.outgoing import Outgoing
from stifinder.core.outgoing_policy import Policy
from stifinder.core.page import DueReview, LearnerPage, Shown
from stifinder.core.people import Grant
from stifinder.core.proposals import Skip, SkipReason, Vote
from stifinder.core.secrets import Secrets
from stifinder.core.settings import Limits

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
LMS = "http://lms.localhost:8001"

SKILLS = {
    key: Skill(key, "t1", title)
    for key, title in {
        "s-cost": "Cost estimation",
        "s-contract": "Contracts",
        "s-offer": "Offer writing",
        "s-fixed": "Fixed and variable costs",
        "s-delivery": "Delivery terms",
        "s-risk": "Risk clauses",
    }.items()
}


def _activity(number: int, title: str, media: str, minutes: int, skill: str, level: Level) -> Activity:
    return Activity(
        f"a{number}",
        "t1",
        f"key-{number}",
        title,
        media_type=media,
        minutes=minutes,
        language="en",
        skills=(SkillLevel(skill, level),),
        address=f"{LMS}/activity/{number}",
        context_ids=("c1",),
        position=number,
    )


ACTIVITIES = (
    _activity(1, "Costing a change order: worked example", "exercise", 12, "s-cost", Level.INTERMEDIATE),
    _activity(2, "Payment terms in 4 minutes", "video", 4, "s-contract", Level.BEGINNER),
    _activity(3, "Offer structure: another way to see it", "text", 7, "s-offer", Level.BEGINNER),
    _activity(4, "Check what you know about offers", "quiz", 5, "s-offer", Level.INTERMEDIATE),
    _activity(5, "What others learned from a lost offer", "discussion", 15, "s-risk", Level.ADVANCED),
    _activity(6, "What is an offer?", "text", 10, "s-offer", Level.BEGINNER),
    _activity(7, "Using the template", "exercise", 15, "s-offer", Level.BEGINNER),
    _activity(8, "Recall: delivery terms", "quiz", 2, "s-delivery", Level.BEGINNER),
)
CATALOGUE = Catalogue("t1", "1", ACTIVITIES, SKILLS)
CONTEXT = Context("c1", "t1", "Offer writing for project managers")
ALL_GRANTS = frozenset((purpose, source) for purpose in Purpose for source in Source)

MISSED = Reason(
    "Because you missed %(missed)d of %(total)d questions on %(skill)s.",
    {"missed": 2, "total": 3, "skill": "s-cost"},
    evidence=("e1", "e2"),
    uses=frozenset({"statements"}),
)
OTHERS = Reason(
    "Because %(good)d of %(total)d who did this after %(activity_before)s did well.",
    {"good": 8, "total": 10, "activity_before": "a6"},
    uses=frozenset({"group"}),
)
FITS = Reason("Because it teaches %(skill)s, one of your goals.", {"skill": "s-contract"})
GUESS = Reason("Because it comes next in this course.", uses=frozenset({"catalogue"}))
REASONS = ((MISSED, OTHERS), (FITS,), (GUESS,), (FITS,), (GUESS,))


def shown(place: int, reasons: tuple[Reason, ...] | None = None, minutes: int = 20) -> Shown:
    """The suggestion at a place (from 0)."""
    reasons = reasons or REASONS[place]
    uses = frozenset().union(*(r.uses for r in reasons), {"catalogue"})
    suggestion = Suggestion(
        id=f"sugg{place}",
        tenant_id="t1",
        learner_id="learner-1",
        context_id="c1",
        activity_id=ACTIVITIES[place].id,
        at=NOW,
        position=place,
        value=0.7,
        propensity=0.9 - place * 0.3 if place < 3 else 0.2,
        votes=(
            Vote("mastery", 0.9, 0.5),
            Vote("collaborative", 0.7, 0.3),
            Vote("their-own-plugin", 0.2, 0.05),
        ),
        reasons=reasons,
        uses=uses,
        minutes_asked=minutes,
    )
    return Shown(suggestion, ACTIVITIES[place])


QUESTIONS = (
    Question("role", "What do you work with?"),
    Question(
        "goal",
        "What would you like to be able to do?",
        choices=(("s-offer", "Offer writing"), ("s-cost", "Cost estimation")),
    ),
    Question(
        "level:s-cost",
        "How well do you know %(skill)s?",
        {"skill": "s-cost"},
        (("0.0", "New to me"), ("0.5", "I can do it with help"), ("1.0", "I could teach it")),
    ),
)


def _page(learner: Learner, minutes: int = 20, **values: Any) -> LearnerPage:
    return LearnerPage(
        learner=learner, context=CONTEXT, catalogue=CATALOGUE, now=NOW, minutes=minutes, **values
    )


KNOWN = Learner("learner-1", "t1", profile=Profile(goals=("s-offer",), stated_levels={"s-cost": 0.5}))
NEW = Learner("learner-1", "t1")
NOBODY = Learner("", "t1")

PAGES: dict[str, LearnerPage] = {
    "full": _page(
        KNOWN,
        suggestions=tuple(shown(place) for place in range(3)),
        reviews=tuple(
            DueReview(skill, NOW - timedelta(hours=2), 2, ACTIVITIES[7] if skill == "s-delivery" else None)
            for skill in ("s-fixed", "s-delivery", "s-risk")
        ),
        mastery=(
            Mastery("s-cost", 0.65, 0.55, 0.75, 6),
            Mastery("s-contract", 0.4, 0.2, 0.6, 1),
            Mastery("s-offer", 0.77, 0.7, 0.84, 14),
        ),
        peers=(PeerMatch("p1", ("s-contract",), ("s-offer",), 0.8),),
        skipped=(
            Skip("a6", SkipReason.MASTERED, datetime(2026, 11, 12, tzinfo=UTC)),
            Skip("a7", SkipReason.MASTERED, datetime(2026, 11, 12, tzinfo=UTC)),
        ),
        too_long=2,
        first_guess=False,
        agreed=ALL_GRANTS,
        uses=frozenset({"statements", "catalogue"}),
    ),
    "more": _page(
        KNOWN,
        minutes=60,
        suggestions=tuple(shown(place) for place in range(5)),
        next_review=NOW + timedelta(days=3),
        mastery=(Mastery("s-cost", 0.5, 0.0, 1.0, 0),),
        challenge=(
            Challenge("a4", True, 0.7, Reason("Because you said you like to work with others.")),
            ACTIVITIES[3],
        ),
        awards=(
            Award(
                "first-week",
                "First skill known",
                Reason("Because your results show that you likely know %(skill)s.", {"skill": "s-offer"}),
            ),
        ),
        sections=(
            PageSection(
                "From the library",
                ("Two new guides this week.",),
                ("Open the library", "https://library.example/"),
            ),
        ),
        first_guess=False,
        agreed=ALL_GRANTS,
        uses=frozenset({"statements", "catalogue", "group"}),
    ),
    "new": _page(
        NEW,
        suggestions=tuple(shown(place, (GUESS,)) for place in range(3)),
        questions=QUESTIONS,
        agreed=ALL_GRANTS,
        uses=frozenset({"catalogue", "page"}),
    ),
    "stranger": _page(
        NOBODY,
        suggestions=tuple(shown(place, (GUESS,)) for place in range(3)),
        questions=QUESTIONS,
        uses=frozenset({"catalogue", "launch"}),
    ),
    "nothing-fits": _page(KNOWN, minutes=5, too_long=4, first_guess=False, agreed=ALL_GRANTS),
    "empty": LearnerPage(
        learner=NEW, context=Context("c2", "t1", ""), catalogue=Catalogue("t1", "0"), now=NOW, minutes=20
    ),
}


class StandInCore:
    """Answers as the core does, from the hand-made page of one state; keeps what it was told."""

    def __init__(self, state: str = "full", *, learner_id: str | None = None) -> None:
        self.state = state
        self.learner_id = PAGES[state].learner.id if learner_id is None else learner_id
        self.secrets = Secrets("a master key for tests, 40 characters ok")
        self.settings = SimpleNamespace(
            base_url="http://localhost", development=False, limits=Limits(), trusted_proxies=0, redis_url=""
        )
        self.outgoing = Outgoing(Policy())
        self.told: list[tuple[Any, ...]] = []
        self.grants: set[tuple[Purpose, Source]] = set(PAGES[state].agreed)
        self.bases: dict[tuple[Purpose, Source], tuple[str, str]] = {}

    def clock(self) -> datetime:
        return datetime.now(UTC)

    def choices(self, tenant_id: str) -> Choices:
        return Choices()

    def recognise(self, launch: Launch) -> str:
        return self.learner_id

    def page(
        self,
        launch: Launch,
        learner_id: str,
        *,
        minutes: int,
        locale: str,
        answers: Any,
        take_anyway: bool = False,
        lighter: bool = True,
    ) -> LearnerPage:
        self.told.append(("page", minutes, locale, dict(answers), take_anyway))
        return replace(PAGES[self.state], minutes=minutes)

    def start(self, tenant_id: str, learner_id: str, suggestion_id: str) -> str:
        self.told.append(("start", tenant_id, learner_id, suggestion_id))
        return self.suggestion(tenant_id, learner_id, suggestion_id).activity.address

    def dismiss(self, tenant_id: str, learner_id: str, suggestion_id: str, reason: Dismissal) -> None:
        self.told.append(("dismiss", suggestion_id, reason))

    def undo_dismiss(self, tenant_id: str, learner_id: str, suggestion_id: str) -> None:
        self.told.append(("undo", suggestion_id))

    def suggestion(self, tenant_id: str, learner_id: str, suggestion_id: str) -> Shown:
        for entry in PAGES[self.state].suggestions:
            if entry.suggestion.id == suggestion_id:
                return entry
        raise NotFound(f"There is no suggestion {suggestion_id!r}.", "Load your page again.")

    def answer_review(self, tenant_id: str, learner_id: str, skill_id: str, rating: int) -> datetime:
        self.told.append(("review", skill_id, rating))
        return NOW + timedelta(days=4)

    def agreements(self, tenant_id: str, learner_id: str) -> list[Grant]:
        return [Grant(purpose, source, NOW) for purpose, source in sorted(self.grants)]

    def legal_bases(self, tenant_id: str) -> dict[tuple[Purpose, Source], tuple[str, str]]:
        return self.bases

    def agree(self, launch: Launch, grants: set[tuple[Purpose, Source]]) -> str:
        self.told.append(("agree", frozenset(grants)))
        self.grants = grants
        return "learner-1" if grants else ""

    def note_graded(self, launch: Launch, learner_id: str) -> bool:
        return False

    def held(self, tenant_id: str, learner_id: str) -> dict[str, Any]:
        events = [
            {
                "id": f"e{n}",
                "learner_id": "learner-1",
                "kind": "answered",
                "at": (NOW - timedelta(hours=n)).isoformat(),
                "source": "statements",
                "activity_id": "a1",
                "skills": ["s-cost"],
                "success": n % 2 == 0,
                "score": None,
                "minutes": 2.5,
                "votes": {},
            }
            for n in range(45)
        ]
        return {
            "learner": {"id": "learner-1", "roles": ["learner"], "locale": "en", "profile": {"role": ""}},
            "grants": [
                {"purpose": "suggestions", "source": "statements", "at": NOW.isoformat(), "basis": "consent"}
            ],
            "identities": [{"digest": "5f" * 32}],
            "contexts": [{"context_id": "c1", "seen_at": NOW.isoformat()}],
            "events": events,
            "statements": [{"id": "e0", "stored": NOW.isoformat(), "statement": "{}"}],
            "suggestions": [
                {"id": "sugg0", "at": NOW.isoformat(), "activity_id": "a1", "position": 0, "outcome": "shown"}
            ],
            "mastery": [
                {
                    "skill_id": "s-cost",
                    "mean": 0.65,
                    "low": 0.55,
                    "high": 0.75,
                    "answers": 6,
                    "at": NOW.isoformat(),
                }
            ],
            "awards": [],
            "counted_in_models": ["collaborative"],
        }

    def catalogue(self, tenant_id: str) -> Catalogue:
        return CATALOGUE

    def profile(self, tenant_id: str, learner_id: str) -> Profile:
        return PAGES[self.state].learner.profile

    def answer_questions(self, tenant_id: str, learner_id: str, answers: Any) -> None:
        self.told.append(("answers", dict(answers)))

    def set_profile(self, tenant_id: str, learner_id: str, profile: Profile) -> None:
        self.told.append(("profile", profile))

    def erase(self, tenant_id: str, learner_id: str) -> dict[str, Any]:
        self.told.append(("erase", learner_id))
        return {
            "receipt": "r-2f81c0",
            "at": NOW.isoformat(),
            "removed": {"event": 45, "mastery": 1, "plugin notes": 2},
            "unconfirmed": ["their-own-plugin"],
        }


def launch_of(locale: str = "en-GB", frame_origin: str = LMS) -> Launch:
    """A verified launch into the course."""
    return Launch(
        "t1",
        "r1",
        ("account|http://lms.localhost:8001|17",),
        context_title=CONTEXT.title,
        locale=locale,
        frame_origin=frame_origin,
    )
