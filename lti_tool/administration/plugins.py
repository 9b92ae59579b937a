"""The tabs about plugins: which there are, how they do, which of them this tenant uses, and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from ...core.errors import NotFound
from ...core.plugin_choices import WrongSettings
from ..visiting import core, go_to
from ..words import PURPOSES, READS
from . import plugin_forms
from .page import actor, show_tab, tenant_id

TAB = "administration.plugins"


def add_routes(made: Blueprint) -> None:
    """Add these tabs."""
    made.add_url_rule("/plugins", "plugins", plugins)
    made.add_url_rule("/plugins/<name>", "plugin", plugin)
    made.add_url_rule("/plugins/<name>", "set_plugin", set_plugin, methods=["POST"])
    made.add_url_rule("/plugin-health", "plugins_health", plugins_health)
    made.add_url_rule("/plugin-health/<name>", "plugin_health", plugin_health)
    made.add_url_rule("/plugin-health/<name>/again", "try_plugin_again", try_plugin_again, methods=["POST"])
    made.add_url_rule("/plugins/<name>/switch", "switch_plugin", switch_plugin, methods=["POST"])


def plugins() -> Response:
    """Every plugin that is installed."""
    here = core().plugins_here(tenant_id())
    return show_tab("administration/plugins.html", TAB, plugins=here, reads=READS, purposes=PURPOSES)


def plugin(name: str) -> Response:
    """The settings of one plugin."""
    here = core().plugin_here(tenant_id(), name)
    return _settings(name, here.settings, {})


def _settings(name: str, values: Mapping[str, Any], errors: Mapping[str, list[str]]) -> Response:
    here = core().plugin_here(tenant_id(), name)
    if here.schema is None:
        raise NotFound("This plugin has nothing to set.", "Go back to the list of plugins.")
    drawn = plugin_forms.inputs(here.schema, values, here.usual, errors, here.secrets)
    of_all = [words for field, said in errors.items() if field not in here.schema().fields for words in said]
    return show_tab(
        "administration/plugin.html",
        TAB,
        here=here,
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


def plugins_health() -> Response:
    """How all plugins do."""
    here = core().plugins_here(tenant_id())
    since = core().plugins.isolation.since
    return show_tab("administration/plugins_health.html", TAB, plugins=here, since=since)


def plugin_health(name: str) -> Response:
    """How one plugin does."""
    here = core().plugin_here(tenant_id(), name)
    return show_tab("administration/plugin_health.html", TAB, here=here)


def try_plugin_again(name: str) -> Response:
    """End the pause of a plugin that is left alone."""
    core().try_plugin_again(tenant_id(), actor(), name)
    return go_to("administration.plugin_health", name=name, said="again")
