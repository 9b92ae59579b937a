"""Fields of the JSON API: each takes what its description in the OpenAPI document says, and nothing else.

marshmallow's own fields are kind (``"5"`` is a number, ``"yes"`` is true); a document that machines read must
mean what it says, so these are strict. Fields for the query take texts, as everything there is one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

ID_PATTERN = "^[0-9a-f]{32}$"
UNKEEPABLE = re.compile("[\0\ud800-\udfff]")
KEEPABLE_PATTERN = r"^[^\u0000]*$"
SOLID = r"[^\u0000-\u0020\u007f-\u00a0]"
"""A character that is seen: written out, for engines do not agree on what a blank is."""
NOT_BLANK = rf"^[^\u0000]*{SOLID}[^\u0000]*$"
TRIMMED = rf"^{SOLID}([^\u0000]*{SOLID})?$"
"""Without blanks around it."""


class Asked(Schema):
    """What is sent to us: a field nobody knows is an error, for it may be a known one written wrong."""

    class Meta:
        """Unknown fields are errors."""

        unknown = RAISE


class Told(Schema):
    """What we answer: every field is always there."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:  # noqa: ARG002
        """Say so in the document, which calls such fields required."""
        field_obj.required = True


def said(text: str, **more: Any) -> dict[str, Any]:
    """A field's description, and other things the document says of it."""
    return {"description": text, **more}


class Text(fields.String):
    """A text of ``least`` to ``most`` characters that a database can keep.

    :param pattern: an ECMA 262 regular expression that it matches as a whole, with ``^`` and ``$``.
    """

    def __init__(
        self, most: int, *, least: int = 0, pattern: str = KEEPABLE_PATTERN, about: str = "", **kwargs: Any
    ) -> None:
        self._whole = re.compile(pattern.removeprefix("^").removesuffix("$"))
        metadata = {"pattern": pattern, **({"description": about} if about else {})}
        super().__init__(validate=validate.Length(least, most), metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, *args, **kwargs)
        if UNKEEPABLE.search(text):
            raise ValidationError("Holds a character that no database keeps (NUL or half a surrogate pair).")
        if not self._whole.fullmatch(text):
            raise ValidationError("Is not of the form that the document says.")
        return text


class Id(Text):
    """The opaque id of an activity, skill, course, learner or suggestion."""

    def __init__(self, about: str = "", **kwargs: Any) -> None:
        super().__init__(32, least=32, pattern=ID_PATTERN, about=about, **kwargs)


class Choice(fields.String):
    """One of a few words."""

    def __init__(self, words: Iterable[str], *, about: str = "", **kwargs: Any) -> None:
        metadata = {"description": about} if about else {}
        super().__init__(validate=validate.OneOf(list(words)), metadata=metadata, **kwargs)


class Whole(fields.Integer):
    """A whole number from ``least`` to ``most``."""

    def __init__(self, least: int, most: int, *, about: str = "", **kwargs: Any) -> None:
        metadata = {"description": about} if about else {}
        super().__init__(strict=True, validate=validate.Range(least, most), metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # JSON has one kind of number: 5.0 is 5
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("Is not a whole number.")
        return super()._deserialize(value, *args, **kwargs)


class NumberOf(Whole):
    """One of a few whole numbers."""

    def __init__(self, numbers: Iterable[int], *, about: str = "", **kwargs: Any) -> None:
        offered = sorted(numbers)
        super().__init__(offered[0], offered[-1], about=about, **kwargs)
        self.validators.append(validate.OneOf(offered))


class WholeInQuery(Whole):
    """A whole number in the query."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch("-?[0-9]{1,18}", value):
            raise ValidationError("Is not a whole number.")
        return super()._deserialize(int(value), *args, **kwargs)


class Share(fields.Float):
    """A number from ``least`` to ``most``, 0 to 1 unless said otherwise."""

    def __init__(self, least: float = 0, most: float = 1, *, about: str = "", **kwargs: Any) -> None:
        metadata = {"description": about} if about else {}
        super().__init__(validate=validate.Range(least, most), metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValidationError("Is not a number.")
        return super()._deserialize(value, *args, **kwargs)


class Flag(fields.Boolean):
    """True or false."""

    def __init__(self, about: str = "", **kwargs: Any) -> None:
        super().__init__(metadata={"description": about} if about else {}, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        if not isinstance(value, bool):
            raise ValidationError("Is neither true nor false.")
        return value


class Several(fields.List[Any]):
    """A list of ``least`` to ``most`` entries, each of which stands in it once where ``once``."""

    def __init__(
        self, inner: Any, most: int, *, least: int = 0, once: bool = False, about: str = "", **kwargs: Any
    ) -> None:
        self._once = once
        metadata: dict[str, Any] = {"description": about} if about else {}
        if once:
            metadata["uniqueItems"] = True
        super().__init__(inner, validate=validate.Length(least, most), metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            raise ValidationError("Is not a list.")
        if self._once and any(entry in value[:place] for place, entry in enumerate(value)):
            raise ValidationError("Holds an entry twice.")
        return super()._deserialize(value, *args, **kwargs)


class Anything(fields.Dict):
    """An object whose members are not described."""

    def __init__(self, about: str, **kwargs: Any) -> None:
        super().__init__(metadata={"description": about, "additionalProperties": True}, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValidationError("Is not an object.")
        return super()._deserialize(value, *args, **kwargs)  # type: ignore[no-untyped-call]


class Nothing(Asked):
    """A query without parameters."""


class PageAsked(Asked):
    """Which part of a list."""

    limit = WholeInQuery(1, 200, load_default=50, about="How many entries, at most.")
    cursor = Text(
        500,
        least=1,
        pattern="^[A-Za-z0-9_.-]*$",
        load_default="",
        about="Where to go on; from `next` of the answer before. Without it: from the beginning.",
    )


def page_of(entry: type[Schema], name: str) -> type[Schema]:
    """The schema of one part of a list of these entries."""
    members: dict[str, Any] = {
        "items": fields.List(fields.Nested(entry)),
        "next": fields.String(
            allow_none=True, metadata=said("Address of the next part; null when this is the last.")
        ),
    }
    return type(name, (Told,), members)


def all_of(entry: type[Schema], name: str) -> type[Schema]:
    """The schema of a whole list of these entries."""
    return type(name, (Told,), {"items": fields.List(fields.Nested(entry))})


class Problem(Schema):
    """What was wrong (RFC 9457)."""

    type = fields.String(required=True, metadata=said("Names the kind of error."))
    title = fields.String(required=True, metadata=said("The kind of error in words."))
    status = fields.Integer(required=True)
    detail = fields.String(required=True, metadata=said("What was wrong this time."))
    cure = fields.String(metadata=said("What to do about it."))
    where = fields.String(metadata=said("The place in what was sent."))
    errors = fields.Dict(
        metadata=said(
            "What is wrong with each field: by where it was sent (json, query), then by field.",
            additionalProperties=True,
        )
    )
