"""Courses in the JSON API: what staff see there, decide and choose."""

from __future__ import annotations

from marshmallow import fields

from ..core.choices import FEWEST, MOST_EXPLORED
from ..core.decisions import DecisionKind
from .api_fields import Asked, Choice, Flag, Id, Told, Whole, said
from .api_suggestions import ReasonTold


class HeadcountTold(Told):
    """How many take part, as the LMS said last."""

    learners = fields.Integer()
    staff = fields.Integer()
    gone = fields.Integer(metadata=said("Members who are inactive or deleted."))
    at = fields.AwareDateTime()


class CourseTold(Told):
    """A course."""

    id = Id()
    key = fields.String(metadata=said("As the catalogue, or the LMS, calls it."))
    title = fields.String()
    kind = fields.String()
    activities = fields.Integer()


class WholeCourseTold(CourseTold):
    """A course with how many take part."""

    members = fields.Nested(HeadcountTold, allow_none=True, metadata=said("Null until the LMS said."))


class DecisionTold(Told):
    """What somebody of the staff decided."""

    kind = Choice(DecisionKind)
    activity = fields.String(attribute="activity_id")
    learner = fields.String(attribute="learner_id", metadata=said("Empty for everybody."))
    instead = fields.String(attribute="instead_id", metadata=said("What takes its place, for `replace`."))
    by = fields.String(metadata=said("The sign of who decided."))
    at = fields.AwareDateTime(allow_none=True)


class DecisionAsked(Asked):
    """For whom a decision holds, and what takes the activity's place."""

    learner = Id("For this learner only; for everybody when it is left out.", load_default="")
    instead = Id("The activity that takes its place; for `replace`, and for nothing else.", load_default="")


class ForWhomAsked(Asked):
    """For whom the decision was made."""

    learner = Id("The learner; everybody when it is left out.", load_default="")


class DecidedTold(Told):
    """What came of a decision."""

    no_longer_waiting = fields.Integer(metadata=said("How many suggestions had waited for it."))


class ShareTold(Told):
    """A part of people, in 0..1."""

    of = fields.Integer(metadata=said("How many people it is about."))
    value = fields.Float(
        allow_none=True, metadata=said("Null where one side is too small to be told; the bounds are.")
    )
    low = fields.Float()
    high = fields.Float()


class WaitsTold(Told):
    """An activity that needs a yes."""

    activity = fields.String(attribute="activity_id")
    people = fields.Integer(metadata=said("For how many it waits."))
    more = fields.Boolean(metadata=said("For some more too, who are too few to be told."))
    reasons = fields.List(fields.Nested(ReasonTold), metadata=said("As those read it who are told it most."))
    went_well = fields.Nested(
        ShareTold, allow_none=True, metadata=said("Of those who took it, who completed or passed it.")
    )
    since = fields.AwareDateTime()


class WaitingTold(Told):
    """What waits for a yes of staff."""

    items = fields.List(fields.Nested(WaitsTold))


class BandTold(Told):
    """Those who have finished from `first` to `last` activities."""

    first = fields.Integer()
    last = fields.Integer()
    people = fields.Integer(allow_none=True, metadata=said("Null where they are too few to be told."))


class StopsTold(Told):
    """Where those stop who do not come to the end."""

    half_by = fields.Integer(metadata=said("Minutes after which half of them have stopped."))
    points = fields.List(
        fields.List(fields.Float()),
        metadata=said("Pairs: minutes, and the share of those who began that is still there."),
    )


class ModuleTold(Told):
    """How one activity of the course does."""

    activity = fields.String(attribute="activity_id")
    begun = fields.Integer(allow_none=True, metadata=said("Null where they are too few to be told."))
    finish = fields.Nested(ShareTold, allow_none=True, metadata=said("The share that comes to the end."))
    stop = fields.Nested(StopsTold, allow_none=True)
    like = fields.Nested(ShareTold, allow_none=True, metadata=said("The same of activities like it."))
    like_stop = fields.Nested(StopsTold, allow_none=True)


class KnownSkillTold(Told):
    """How likely people of the course do a task of medium difficulty right, on average."""

    skill = fields.String(attribute="skill_id")
    people = fields.Integer()
    mean = fields.Float()
    low = fields.Float()
    high = fields.Float()


class SuggestedTold(Told):
    """What came of suggesting one activity."""

    activity = fields.String(attribute="activity_id")
    people = fields.Integer(allow_none=True)
    taken = fields.Nested(ShareTold, allow_none=True, metadata=said("The share that began it."))
    went_well = fields.Nested(ShareTold, allow_none=True, metadata=said("Of those, who completed it."))


class FiguresTold(Told):
    """All figures of a course at one moment."""

    taking_part = fields.Integer(metadata=said("How many agreed and take part."))
    fewest = fields.Integer(metadata=said("People in a group from which figures about it are shown."))
    reported = fields.Boolean(metadata=said("Whether the LMS reported anything that was done here."))
    members = fields.Nested(HeadcountTold, attribute="headcount", allow_none=True)
    far = fields.List(fields.Nested(BandTold))
    modules = fields.List(fields.Nested(ModuleTold))
    skills = fields.List(fields.Nested(KnownSkillTold), metadata=said("Weakest first."))
    suggested = fields.List(fields.Nested(SuggestedTold))


class CourseChoicesTold(Told):
    """How a course handles suggestions and figures."""

    needs_yes = fields.Boolean(metadata=said("Whether staff must say yes to an activity first."))
    figures_from = fields.Integer(metadata=said("People in a group from which figures about it are shown."))
    exploration = fields.Integer(metadata=said("Percent of pages on which other weights are tried."))


_BACK = "Null goes back to what holds otherwise."


class CourseChoicesAsked(Asked):
    """What to change; the rest stays."""

    needs_yes = Flag(f"Whether staff must say yes to an activity first. {_BACK}", allow_none=True)
    figures_from = Whole(FEWEST, 1000, allow_none=True, about=_BACK)
    exploration = Whole(
        0,
        MOST_EXPLORED,
        allow_none=True,
        about=f"Percent of pages on which strategies are weighed otherwise than was learned. {_BACK}",
    )
