"""Learners in the JSON API: who they are, what they agreed to, what they say about themselves."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import INCLUDE, Schema, fields, post_dump, post_load, pre_dump

from ..core.catalogue import MEDIA_TYPES
from ..core.people import MOST_HELPED, Depth, Profile, Purpose, Role, Source
from .api_fields import NOT_BLANK, Asked, Choice, Flag, Id, Several, Share, Text, Told, Whole, said

LOCALE = "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"


# --- who --------------------------------------------------------------------------------------------


class AccountAsked(Asked):
    """What an LMS calls a person. It stands in the body, never in the address: addresses are logged."""

    issuer = Text(
        500, least=1, required=True, about="The LMS's own address, as its launches give it (`iss`)."
    )
    user = Text(500, least=1, required=True, about="What the LMS calls the person (`sub`).")


class LearnerId(Told):
    """The number of a learner."""

    id = Id()


class LearnerTold(LearnerId):
    """A learner."""

    roles = fields.List(Choice(Role))
    locale = fields.String()

    @post_dump
    def order(self, told: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Roles have no order of their own."""
        return told | {"roles": sorted(told["roles"])}


# --- agreements -------------------------------------------------------------------------------------


class GrantAsked(Asked):
    """One purpose, and one source of data that may be used for it."""

    purpose = Choice(Purpose, required=True)
    source = Choice(Source, required=True)

    @post_load
    def pair(self, given: dict[str, str], **_: Any) -> tuple[Purpose, Source]:
        """As the core has it."""
        return Purpose(given["purpose"]), Source(given["source"])


class GrantTold(Told):
    """What a person agreed to, or what rests on another recorded basis."""

    purpose = Choice(Purpose)
    source = Choice(Source)
    at = fields.AwareDateTime(metadata=said("Since when."))
    basis = fields.String(metadata=said("`consent`, or another legal basis that the organisation recorded."))


_ON_BEHALF = (
    "Where the person said so, for the record of what staff did, such as `form of 3 May, filed by HR`. "
    "It is kept when the person is forgotten: do not name them."
)


class AgreementsAsked(Asked):
    """Everything the person agreed to; the rest is withdrawn, and what was kept for it removed."""

    grants = Several(fields.Nested(GrantAsked), 6, required=True, once=True)
    on_behalf = Text(300, least=1, pattern=NOT_BLANK, required=True, about=_ON_BEHALF)


class NewLearnerAsked(AccountAsked):
    """A person who agreed to something elsewhere."""

    grants = Several(fields.Nested(GrantAsked), 6, least=1, required=True, once=True)
    on_behalf = Text(300, least=1, pattern=NOT_BLANK, required=True, about=_ON_BEHALF)
    locale = Text(20, least=2, pattern=LOCALE, load_default="en", about="The person's language.")


class AgreementsTold(Told):
    """What a person agreed to."""

    remembered = fields.Boolean(metadata=said("False when nothing was left to agree to: they are forgotten."))
    items = fields.List(fields.Nested(GrantTold))


class ReceiptTold(Told):
    """What was removed of a person, and from where."""

    receipt = fields.String()
    at = fields.String(metadata=said("When.", format="date-time"))
    removed = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata=said("Kind to how many."))
    models = fields.List(fields.String())
    unconfirmed = fields.List(
        fields.String(), metadata=said("Plugins that did not say that they removed what they keep.")
    )


# --- profile ----------------------------------------------------------------------------------------


class LevelAsked(Asked):
    """How well a person says they know a skill."""

    skill = Id(required=True)
    level = Share(required=True, about="0 new to it, 1 could teach it.")


class ProfileAsked(Asked):
    """What a person says about themselves; what is left out is not said any more."""

    goals = Several(Id(), 50, load_default=list, about="Skills the person wants to reach.")
    levels = Several(fields.Nested(LevelAsked), 200, load_default=list)
    solo = Flag("True prefers working alone, false with others.", allow_none=True, load_default=None)
    media = Several(Choice(MEDIA_TYPES), 20, load_default=list, about="Preferred media types, best first.")
    role = Text(200, load_default="", about="The person's job in their own words.")
    depth = Choice(
        Depth,
        allow_none=True,
        load_default=None,
        about="What the person learns for: to work with it soon, or to understand it thoroughly.",
    )
    deadline = fields.Date(
        allow_none=True,
        load_default=None,
        metadata=said("The day on which the goals should be reached.", format="date"),
    )
    helps = Whole(
        0,
        MOST_HELPED,
        allow_none=True,
        load_default=None,
        about="How many others at a time may be told that this person could help them.",
    )

    @post_load
    def profile(self, given: dict[str, Any], **_: Any) -> Profile:
        """As the core has it."""
        return Profile(
            goals=tuple(dict.fromkeys(given["goals"])),
            stated_levels={level["skill"]: float(level["level"]) for level in given["levels"]},
            solo=given["solo"],
            media=tuple(dict.fromkeys(given["media"])),
            role=given["role"].strip(),
            depth=given["depth"],
            deadline=given["deadline"],
            helps=given["helps"],
        )


class LevelTold(Told):
    """How well a person says they know a skill."""

    skill = fields.String()
    level = fields.Float()


class ProfileTold(Told):
    """What a person says about themselves."""

    goals = fields.List(fields.String())
    levels = fields.List(fields.Nested(LevelTold))
    solo = fields.Boolean(allow_none=True)
    media = fields.List(fields.String())
    role = fields.String()
    depth = Choice(Depth, allow_none=True)
    deadline = fields.Date(allow_none=True)
    helps = fields.Integer(allow_none=True)

    @pre_dump
    def plain(self, profile: Profile, **_: Any) -> dict[str, Any]:
        """Levels as a list."""
        levels = [{"skill": skill, "level": level} for skill, level in profile.stated_levels.items()]
        return {**asdict(profile), "levels": levels}


class AnswerAsked(Asked):
    """An answer to an opening question."""

    question = Text(
        100,
        least=1,
        pattern="^(goal|role|solo|media|level:[0-9a-f]{32})$",
        required=True,
        about="Its `key`, as the page gave it.",
    )
    answer = Text(200, least=1, required=True, about="The value of a choice, or the person's own words.")


class AnswersAsked(Asked):
    """Answers to opening questions; they become part of the profile."""

    answers = Several(fields.Nested(AnswerAsked), 20, least=1, required=True)


class HeldTold(Schema):
    """Everything that is held about a learner, by kind."""

    class Meta:
        """What plugins and later versions hold is not known here."""

        unknown = INCLUDE

    @post_dump(pass_original=True)
    def all(self, _told: object, held: dict[str, Any], **_: Any) -> dict[str, Any]:
        """As it is."""
        return held
