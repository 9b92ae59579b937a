"""What a tenant chose about a plugin, and how settings are read by the plugin's own schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, ValidationError

from .errors import InvalidInput


@dataclass(frozen=True, slots=True)
class PluginChoice:
    """How one tenant uses one plugin.

    :param settings: those the tenant set otherwise than the installation, as JSON has them.
    """

    enabled: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)


AS_INSTALLED = PluginChoice()
"""What holds where a tenant chose nothing about a plugin that ships with Stifinder, or that whoever runs the
tool named in its configuration."""
NOT_YET = PluginChoice(enabled=False)
"""What holds for any other: somebody reads what it may do, and then switches it on."""


class WrongSettings(InvalidInput):
    """Settings that the plugin's schema refuses.

    :param errors: setting to what is wrong with it.
    """

    def __init__(self, plugin: str, errors: Mapping[str, list[str]]) -> None:
        self.errors = errors
        said = "; ".join(f"{name}: {' '.join(words)}" for name, words in sorted(errors.items()))
        super().__init__(f"These settings do not fit {plugin}: {said}", "Correct them; nothing was changed.")


def is_schema(answer: object) -> bool:
    """Whether a plugin's ``settings_schema`` is what the hook promises."""
    return isinstance(answer, type) and issubclass(answer, Schema)


def read(schema: type[Schema], values: Mapping[str, object]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Settings as the schema reads them, what is not given filled in; or what is wrong with them.

    :returns: (settings, {}), or ({}, setting to complaints).
    """
    try:
        return dict(schema().load(dict(values))), {}
    except ValidationError as error:
        return {}, {str(name): _flat(said) for name, said in _by_name(error.messages).items()}


def _by_name(messages: Any) -> Mapping[str, Any]:
    return messages if isinstance(messages, dict) else {"_schema": messages}


def _flat(said: Any) -> list[str]:
    """Complaints of one field; those of a list's elements come by number."""
    if isinstance(said, dict):
        return [words for each in said.values() for words in _flat(each)]
    return [str(words) for words in said] if isinstance(said, list) else [str(said)]
