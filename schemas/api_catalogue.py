"""Activities and skills in the JSON API: the same drafts that files bring, with stricter forms."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load

from ..core.catalogue import MEDIA_TYPES, Level
from ..core.drafts import Draft, DraftSkill, SkillDraft
from .api_fields import (
    SOLID,
    TRIMMED,
    Asked,
    Choice,
    Id,
    PageAsked,
    Several,
    Share,
    Text,
    Told,
    Whole,
    said,
)
from .catalogue_row import MOST_MINUTES, MOST_POSITION, SKILL_CHARACTERS

MOST_ROWS = 1000
"""Activities or skills in one import."""
LANGUAGE = "^([a-z]{2,3}(-[a-z0-9]{2,8})*)?$"
ADDRESS = rf"^(https?://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{{1,5}})?([/?#]{SOLID}*)?)?$"
IRI = rf"^([A-Za-z][A-Za-z0-9+.-]*:{SOLID}+)?$"
LEVELS = {level.name.lower(): level for level in Level}


class SkillOfActivityAsked(Asked):
    """A skill that an activity teaches or tests."""

    id = Text(SKILL_CHARACTERS, least=1, pattern=TRIMMED, required=True, about="As your catalogue calls it.")
    title = Text(SKILL_CHARACTERS, load_default="", about="For people; the id when it is left out.")
    level = Choice(LEVELS, load_default="beginner")

    @post_load
    def skill(self, given: dict[str, str], **_: Any) -> DraftSkill:
        """As an import has it."""
        return DraftSkill(given["id"], given["title"].strip() or given["id"], LEVELS[given["level"]])


class ActivityAsked(Asked):
    """One activity; what is left out is found from its text, where a plugin can."""

    id = Text(500, least=1, pattern=TRIMMED, required=True, about="Your own identifier, unique and stable.")
    title = Text(500, least=1, pattern=TRIMMED, required=True)
    text = Text(100_000, load_default="", about="What it is about; suggestions and tagging read it.")
    language = Text(20, pattern=LANGUAGE, load_default="", about="Such as `en`, `da`, `pt-br`.")
    media_type = Choice(["", *MEDIA_TYPES], load_default="")
    minutes = Whole(0, MOST_MINUTES, load_default=0, about="0 when it is not known.")
    skills = Several(fields.Nested(SkillOfActivityAsked), 100, load_default=list)
    prerequisites = Several(Text(500, least=1, pattern=TRIMMED), 100, load_default=list, about="To do first.")
    difficulty = Share(
        allow_none=True, load_default=None, about="0 all prepared learners pass at once, 1 none does."
    )
    address = Text(2000, pattern=ADDRESS, load_default="", about="Where it opens.")
    object_id = Text(2000, pattern=IRI, load_default="", about="The IRI of it in xAPI statements.")
    course = Text(500, pattern=f"^({TRIMMED[1:-1]})?$", load_default="", about="Your id of its course.")
    course_title = Text(500, load_default="")
    position = Whole(0, MOST_POSITION, load_default=0, about="Its place in the course.")

    @post_load
    def draft(self, given: dict[str, Any], **_: Any) -> Draft:
        """As an import has it."""
        named = {"key": given.pop("id"), "course_key": given.pop("course")}
        skills = tuple({skill.skill_id: skill for skill in given.pop("skills")}.values())
        needed = dict.fromkeys(given.pop("prerequisites"))
        return Draft(
            **named,
            **given | {"difficulty": None if given["difficulty"] is None else float(given["difficulty"])},
            skills=skills,
            prerequisites=tuple(key for key in needed if key != named["key"]),
        )


class ImportAsked(Asked):
    """Activities to add or to bring up to date."""

    items = Several(fields.Nested(ActivityAsked), MOST_ROWS, least=1, required=True)


class ImportTold(Told):
    """What an import did; all counts are of activities."""

    new = fields.Integer()
    changed = fields.Integer()
    unchanged = fields.Integer()
    tagged = fields.Integer(metadata=said("To how many plugins added something."))
    missing_prerequisites = fields.List(
        fields.String(), metadata=said("Ids that are named as prerequisites and that no activity has.")
    )


class SkillAsked(Asked):
    """A skill, and the words by which a text reveals it."""

    id = Text(SKILL_CHARACTERS, least=1, pattern=TRIMMED, required=True)
    title = Text(300, least=1, pattern=TRIMMED, required=True)
    terms = Several(
        Text(200, least=1, pattern=TRIMMED),
        200,
        load_default=list,
        about="Words and phrases.",
    )

    @post_load
    def draft(self, given: dict[str, Any], **_: Any) -> SkillDraft:
        """As an import has it."""
        terms = dict.fromkeys(term.casefold() for term in (given["title"], *given["terms"]))
        return SkillDraft(given["id"], given["title"], tuple(terms))


class SkillsAsked(Asked):
    """Skills to add or to bring up to date."""

    items = Several(fields.Nested(SkillAsked), MOST_ROWS, least=1, required=True)


class CountTold(Told):
    """How many it was."""

    count = fields.Integer()


class ActivitiesAsked(PageAsked):
    """Which activities; without any of these, all."""

    q = Text(200, load_default="", about="Words that title or text hold, all of them.")
    course = Id("Only of this course.", load_default="")
    skill = Id("Only what teaches or tests this skill.", load_default="")
    media_type = Choice(MEDIA_TYPES, load_default="")
    language = Text(20, pattern=LANGUAGE, load_default="", about="A language tag, such as `en`.")


class LevelOfSkillTold(Told):
    """A skill of an activity, and its level there."""

    skill = fields.String(attribute="skill_id")
    level = fields.Function(
        lambda of: of.level.name.lower(), metadata={"type": "string", "enum": list(LEVELS)}
    )


class ActivityTold(Told):
    """An activity, without its text."""

    id = Id()
    key = fields.String(metadata=said("Your own identifier."))
    title = fields.String()
    language = fields.String()
    media_type = Choice(MEDIA_TYPES)
    minutes = fields.Integer()
    skills = fields.List(fields.Nested(LevelOfSkillTold))
    prerequisites = fields.List(fields.String())
    difficulty = fields.Float(allow_none=True)
    address = fields.String()
    object_id = fields.String()
    courses = fields.List(fields.String(), attribute="context_ids")
    position = fields.Integer()


class WholeActivityTold(ActivityTold):
    """An activity with its text."""

    text = fields.String()


class SkillOfCatalogueTold(Told):
    """A skill."""

    id = Id()
    title = fields.String()
    terms = fields.List(fields.String())


class BanTold(Told):
    """An activity that is suggested to nobody."""

    activity = fields.String(attribute="activity_id")
    by = fields.String(metadata=said("The sign of who decided, or what the command line was told."))
    at = fields.AwareDateTime(allow_none=True)


class LiftedTold(Told):
    """Whether there was something to take back."""

    lifted = fields.Boolean()
