"""Reading a plugin's own table of settings into its frozen ``Settings``, with clear refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TypeVar

import msgspec

Table = TypeVar("Table")


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
