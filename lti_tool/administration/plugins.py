"""The tabs about plugins: which there are, how they do, which of them this tenant uses, and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from ...core.errors import NotFound
from ...core.plugin_choices import WrongSettings
from ...core.proposals import message
from ..visiting import core, go_to
from . import plugin_forms
from .page import actor, show_tab, tenant_id

TAB = "administration.plugins"

DOES: Mapping[str, str] = {
    "beginners": message("Says where to begin while nothing is known of somebody"),
    "collaborative": message("Suggests what others did next, and did well"),
    "content": message("Suggests what is about a learner’s goals and weak skills"),
    "mastery": message("Estimates what a learner knows"),
    "motivation": message("Proposes a challenge that is neither too easy nor too hard"),
    "peers": message("Finds learners who could help each other"),
    "spacing": message("Says when something should be reviewed"),
    "tagger": message("Fills in what the catalogue leaves open: skills, language, difficulty"),
}
"""What the shipped plugins do."""


def add_routes(made: Blueprint) -> None:
    """Add these tabs."""
    made.add_url_rule("/plugins", "plugins", plugins)
    made.add_url_rule("/plugins/<name>", "plugin", plugin)
    made.add_url_rule("/plugins/<name>", "set_plugin", set_plugin, methods=["POST"])
    made.add_url_rule("/plugins/<name>/switch", "switch_plugin", switch_plugin, methods=["POST"])


def plugins() -> Response:
    """Every plugin that is installed."""
    return show_tab("administration/plugins.html", TAB, plugins=core().plugins_here(tenant_id()), does=DOES)


def plugin(name: str) -> Response:
    """The settings of one plugin."""
    here = core().plugin_here(tenant_id(), name)
    return _settings(name, here.settings, {})


def _settings(name: str, values: Mapping[str, Any], errors: Mapping[str, list[str]]) -> Response:
    here = core().plugin_here(tenant_id(), name)
    if here.schema is None:
        raise NotFound("This plugin has nothing to set.", "Go back to the list of plugins.")
    drawn = plugin_forms.inputs(here.schema, values, here.usual, errors)
    of_all = [words for field, said in errors.items() if field not in here.schema().fields for words in said]
    return show_tab(
        "administration/plugin.html",
        TAB,
        here=here,
        does=DOES,
        inputs=[each for each in drawn if each.kind != plugin_forms.ELSEWHERE],
        elsewhere=[each.title for each in drawn if each.kind == plugin_forms.ELSEWHERE],
        of_all=of_all,
        wrong=bool(errors),
    )


def set_plugin(name: str) -> Response | tuple[Response, int]:
    """Keep what was entered, or go back to what is usual."""
    here = core().plugin_here(tenant_id(), name)
    if here.schema is None:
        raise NotFound("This plugin has nothing to set.", "Go back to the list of plugins.")
    if request.form.get("usual"):
        core().set_plugin(tenant_id(), actor(), name, {})
        return go_to("administration.plugin", name=name, said="usual")
    given = plugin_forms.entered(here.schema, request.form)
    try:
        core().set_plugin(tenant_id(), actor(), name, given)
    except WrongSettings as error:
        return _settings(name, given, error.errors), error.status
    return go_to("administration.plugin", name=name, said="set")


def switch_plugin(name: str) -> Response:
    """Use a plugin in this tenant, or not."""
    on = request.form.get("on") == "1"
    core().switch_plugin(tenant_id(), actor(), name, on=on)
    return go_to(TAB, said="on" if on else "off")
