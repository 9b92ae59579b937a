"""What a plugin says of itself: its manifest, and its settings."""

from __future__ import annotations

from collections.abc import Iterator

from marshmallow import Schema, ValidationError
from packaging.version import Version

from ...core.hookspecs import RULES, deprecations
from ...core.manifests import Manifest, wrong
from .findings import Finding
from .trial import Promise, Trial, promise


@promise(
    "manifest",
    "It says what it needs, and works with these hooks.",
    "Implement manifest() -> Manifest(about=…, purposes=…, reads=…, interface='>=1.0,<2').",
)
def _manifest(trial: Trial, this: Promise) -> Iterator[Finding]:
    subject = trial.subject
    for name in subject.unknown:
        yield this.found(name, "there is no such hook; it would be refused")
    if "manifest" not in subject.hooks:
        yield this.found("manifest", "it has none, so an administrator cannot read what it may do")
        return
    try:
        said = subject.ask("manifest")
    except Exception as error:  # noqa: BLE001
        yield this.found("manifest", f"{type(error).__name__}: {error}")
        return
    if why := wrong(said, trial.interface):
        yield this.found("manifest", why)
        return
    if not said.about:
        yield this.found(
            "manifest", "about is empty: an administrator reads it before switching the plugin on"
        )
    yield from _hooks_that_are_not_there(trial, this, said)
    for model in subject.models():
        if model.purpose not in said.purposes:
            yield this.found(
                "manifest", f"model {model.name!r} serves {model.purpose.value!r}, which it does not name"
            )


def _hooks_that_are_not_there(trial: Trial, this: Promise, said: Manifest) -> Iterator[Finding]:
    """Hooks that some version within the plugin's own range does not have."""
    for hook in trial.subject.hooks:
        rule = RULES[hook]
        if Version(rule.since) > Version(trial.interface):
            yield this.found(
                hook,
                f"hooks {trial.interface} have no {hook}, so it would be refused there; "
                f"say interface='>={rule.since},<{Version(rule.since).major + 1}'",
            )
        if rule.goes_with and said.supports(rule.goes_with):
            (words,) = deprecations([hook])
            yield this.found(hook, f"{words}; it says that it works with hooks {said.interface}")


@promise(
    "settings",
    "Settings are a marshmallow schema with defaults that load, and fields that a page can show.",
    "Give each field load_default and metadata={'title': …, 'description': …}; bound numbers by Range.",
)
def _settings(trial: Trial, this: Promise) -> Iterator[Finding]:
    if "settings_schema" not in trial.subject.hooks:
        return
    try:
        schema = trial.subject.ask("settings_schema")
        if not (isinstance(schema, type) and issubclass(schema, Schema)):
            yield this.found("settings_schema", "it gives no marshmallow Schema class")
            return
        loaded = schema().load({})
    except ValidationError as error:
        yield this.found("settings_schema", f"its defaults do not load: {error.messages}")
        return
    except Exception as error:  # noqa: BLE001
        yield this.found("settings_schema", f"{type(error).__name__}: {error}")
        return
    if schema().load(schema().dump(loaded)) != loaded:
        yield this.found("settings_schema", "what it dumps, it does not load as the same")
    for name, shown in schema().fields.items():
        if not shown.metadata.get("title") or not shown.metadata.get("description"):
            yield this.found("settings_schema", f"{name} has no title and description for the form")
