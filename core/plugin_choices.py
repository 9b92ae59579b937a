"""What a tenant chose about a plugin, and how settings are read by the plugin's own schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, ValidationError, fields

from .errors import InvalidInput


@dataclass(frozen=True, slots=True)
class PluginChoice:
    """How one tenant uses one plugin.

    :param settings: those the tenant set otherwise than the installation, as JSON has them; secrets sealed.
    :param version: of the schema by which they were set.
    """

    enabled: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1


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


def version_of(schema: type[Schema]) -> int:
    """The version of a schema; 1 where it says none."""
    return int(getattr(schema, "version", 1))


def secret_names(schema: type[Schema]) -> frozenset[str]:
    """Settings that are kept encrypted and never shown: texts marked ``metadata={"secret": True}``."""
    found = schema().fields.items()
    return frozenset(n for n, f in found if isinstance(f, fields.String) and f.metadata.get("secret"))


def read(
    schema: type[Schema], usual: Mapping[str, object], own: Mapping[str, object], version: int
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Settings as the schema reads them, what is not given filled in; or what is wrong with them.

    :param usual: what the configuration says.
    :param own: what a tenant set by ``version`` of the schema; an older one is brought up by the schema's
        own ``migrate(settings, version)``.
    :returns: (settings, {}), or ({}, setting to complaints).
    """
    now = version_of(schema)
    if version > now:
        return {}, {"_schema": [f"They were set by version {version} of its settings, and this is {now}."]}
    if version < now and own and hasattr(schema, "migrate"):
        own = schema.migrate(dict(own), version)
    try:
        return dict(schema().load({**usual, **own})), {}
    except ValidationError as error:
        return {}, {str(name): _flat(said) for name, said in _by_name(error.messages).items()}


def _by_name(messages: Any) -> Mapping[str, Any]:
    return messages if isinstance(messages, dict) else {"_schema": messages}


def _flat(said: Any) -> list[str]:
    """Complaints of one field; those of a list's elements come by number."""
    if isinstance(said, dict):
        return [words for each in said.values() for words in _flat(each)]
    return [str(words) for words in said] if isinstance(said, list) else [str(said)]
