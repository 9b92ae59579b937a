"""A plugin's own settings as its frozen ``Settings``: from its table with clear refusals, or as checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TypeVar

import msgspec

from .. import Situation

Table = TypeVar("Table")


def of(kind: type[Table], situation: Situation) -> Table:
    """The settings that a situation brings, which the plugin's schema has read; defaults without any."""
    return kind(**situation.settings)


def read(kind: type[Table], settings: Mapping[str, object]) -> Table:
    """Make ``kind`` (a dataclass whose fields have defaults) from a mapping.

    :raises ValueError: for an unknown name, a wrong type or a value out of range; names the setting.
    """
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for name in settings:
        if name not in known:
            raise ValueError(f"unknown setting {name!r}: known are {', '.join(known) or 'none'}")
    try:
        return msgspec.convert(dict(settings), kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
