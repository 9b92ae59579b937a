"""Suggestions, reviews and estimates in the JSON API."""

from __future__ import annotations

from marshmallow import EXCLUDE, fields

from ..core.people import Purpose, Source
from ..core.proposals import Dismissal, Outcome, SkipReason
from .api_catalogue import ActivityTold
from .api_fields import Asked, Choice, Flag, Id, PageAsked, Text, Told, Whole, said
from .api_learners import LOCALE

LONGEST_TIME = 480
"""Minutes at hand; a working day."""


class LookAsked(Asked):
    """What a learner's page is asked for."""

    course = Id("Suggestions come from this course; from the whole catalogue when it is left out.")
    minutes = Whole(1, LONGEST_TIME, load_default=20, about="The learner's time at hand.")
    locale = Text(20, least=2, pattern=LOCALE, about="Language of the texts; the learner's unless said.")
    anyway = Flag("Show what was left out because it was done or is known.", load_default=False)


class ShownAsked(PageAsked):
    """Which of a learner's suggestions."""

    course = Id("Only of this course.", load_default="")


class DismissalAsked(Asked):
    """Why a suggestion is not for this learner."""

    reason = Choice(Dismissal, required=True)


class ReviewAsked(Asked):
    """How well a skill was recalled."""

    skill = Id(required=True)
    rating = Whole(1, 4, required=True, about="1 again, 2 hard, 3 good, 4 easy.")


class RetryKey(Asked):
    """Lets a call be sent again without being carried out twice."""

    class Meta:
        """There are other headers."""

        unknown = EXCLUDE

    key = Text(
        100,
        least=1,
        pattern="^[A-Za-z0-9_-]*$",
        data_key="Idempotency-Key",
        load_default="",
        about="Your own name for this call: the same one again, within a day, does nothing more.",
    )


class ReasonTold(Told):
    """Why something is suggested."""

    text = fields.String(metadata=said("A sentence in the asked language, as the page says it."))
    uses = fields.List(fields.String(), metadata=said("Data that it rests on."))
    evidence = fields.List(
        fields.String(), metadata=said("Ids of the events that it rests on, newest first.")
    )


class VoteTold(Told):
    """One strategy's part in a suggestion."""

    strategy = fields.String()
    score = fields.Float()
    weight = fields.Float()


class SuggestionTold(Told):
    """A suggestion with its whole record."""

    id = Id()
    learner = fields.String(attribute="learner_id")
    course = fields.String(attribute="context_id")
    activity = fields.String(attribute="activity_id")
    at = fields.AwareDateTime()
    position = fields.Integer(metadata=said("Place on the page, from 0."))
    minutes = fields.Integer(attribute="minutes_asked", metadata=said("The time at hand it was made for."))
    reasons = fields.List(fields.Nested(ReasonTold))
    uses = fields.List(fields.String())
    votes = fields.List(fields.Nested(VoteTold))
    propensity = fields.Float(metadata=said("How likely it was to get this place, given those before it."))
    outcome = Choice(Outcome)
    outcome_at = fields.AwareDateTime(allow_none=True)
    dismissal = Choice(Dismissal, allow_none=True)


class ShownTold(Told):
    """A suggestion on a page, with what it suggests."""

    suggestion = fields.Nested(SuggestionTold)
    activity = fields.Nested(ActivityTold)


class DueTold(Told):
    """A review that is due."""

    skill = fields.String(attribute="skill_id")
    due = fields.AwareDateTime()
    minutes = fields.Integer()
    activity = fields.Nested(
        ActivityTold, allow_none=True, metadata=said("What to review with; null for a question to oneself.")
    )


class SkillTold(Told):
    """What is believed about a learner and a skill."""

    skill = fields.String(attribute="skill_id")
    mean = fields.Float(metadata=said("Probability of doing a task of medium difficulty right."))
    low = fields.Float(metadata=said("Between `low` and `high` lies the truth in about 8 of 10 cases."))
    high = fields.Float()
    answers = fields.Integer(metadata=said("How many results it rests on."))


class SkillsTold(Told):
    """All that is believed about a learner's skills."""

    items = fields.List(fields.Nested(SkillTold))


class ReviewTold(Told):
    """When a skill is to be reviewed."""

    skill = fields.String(attribute="skill_id")
    due = fields.AwareDateTime()
    recall = fields.Float(attribute="retrievability", metadata=said("Probability of recalling it now."))
    minutes = fields.Integer()


class ReviewsTold(Told):
    """All reviews of a learner, due first."""

    items = fields.List(fields.Nested(ReviewTold))


class ReviewedTold(Told):
    """When a skill comes again."""

    skill = fields.String()
    due = fields.AwareDateTime()


class AddressTold(Told):
    """Where an activity opens."""

    address = fields.String(metadata=said("Empty where the catalogue has none."))


class ChoiceTold(Told):
    """A choice of an opening question."""

    value = fields.String()
    label = fields.String()


class QuestionTold(Told):
    """An opening question."""

    key = fields.String()
    text = fields.String()
    choices = fields.List(fields.Nested(ChoiceTold), metadata=said("Empty: in the person's own words."))


class PeerTold(Told):
    """Somebody to learn with, who agreed to be found; nobody is named."""

    gives = fields.List(fields.String(), metadata=said("Skills they could help with."))
    needs = fields.List(fields.String(), metadata=said("Skills they could use help with."))


class ChallengeTold(Told):
    """Something to try, at the edge of what the learner can do."""

    activity = fields.Nested(ActivityTold)
    team = fields.Boolean()
    reason = fields.Nested(ReasonTold)


class AwardTold(Told):
    """Something achieved."""

    key = fields.String()
    title = fields.String()
    reason = fields.Nested(ReasonTold)
    skill = fields.String(attribute="skill_id", metadata=said("Empty when it is about no single skill."))


class SectionTold(Told):
    """A box that a plugin adds to the page."""

    title = fields.String()
    paragraphs = fields.List(fields.String())
    link = fields.List(fields.String(), allow_none=True, metadata=said("Label and address, or null."))


class SkippedTold(Told):
    """An activity that was left out."""

    activity = fields.String(attribute="activity_id")
    reason = Choice(SkipReason)
    at = fields.AwareDateTime(allow_none=True)


class PairTold(Told):
    """A purpose and a source."""

    purpose = Choice(Purpose)
    source = Choice(Source)


class LookTold(Told):
    """Everything a learner's page shows."""

    learner = Id()
    course = fields.String()
    at = fields.AwareDateTime()
    minutes = fields.Integer()
    suggestions = fields.List(fields.Nested(ShownTold))
    reviews = fields.List(fields.Nested(DueTold))
    next_review = fields.AwareDateTime(allow_none=True)
    skills = fields.List(fields.Nested(SkillTold))
    peers = fields.List(fields.Nested(PeerTold))
    challenge = fields.Nested(ChallengeTold, allow_none=True)
    groups = fields.List(fields.String(), metadata=said("Of the course; for tasks done with others."))
    awards = fields.List(fields.Nested(AwardTold))
    questions = fields.List(fields.Nested(QuestionTold))
    sections = fields.List(fields.Nested(SectionTold))
    skipped = fields.List(fields.Nested(SkippedTold))
    too_long = fields.Integer(metadata=said("How many would have needed more time."))
    waiting = fields.Integer(metadata=said("How many wait for a yes of staff."))
    first_guess = fields.Boolean(metadata=said("True while there is no history: suggestions are a guess."))
    agreed = fields.List(fields.Nested(PairTold))
    uses = fields.List(fields.String(), metadata=said("Data behind what is shown."))
