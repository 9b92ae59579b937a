"""``stifinder evaluate``: what another strategy, or other weights, would have brought; from the record."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ...core.errors import InvalidInput, NotFound
from ...core.plugin_choices import PluginChoice
from ...core.plugins import Plugins
from ...core.store import plugin_choices
from ...lab import evaluation
from ...lab.evaluation import Estimate, Logged
from ...lab.replay import Replay, Replayed
from . import Tool, switched_off, tenant_option, the_tenant

ALIKE = 0.8
"""Share of recorded votes that must come out the same before the replay is trusted without a word."""


@click.command()
@click.option(
    "--with", "added", multiple=True, metavar="PLUGIN", help="Have this plugin take part; may be repeated."
)
@click.option("--without", "left_out", multiple=True, metavar="PLUGIN", help="Leave this plugin out.")
@click.option(
    "--weights",
    "weights",
    metavar="NAME=N,...",
    help="Weigh strategies so instead of as learned; those not named have no say.",
)
@tenant_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def evaluate(
    tool: Tool,
    added: Sequence[str],
    left_out: Sequence[str],
    weights: str | None,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Estimate what a strategy would have brought, before it is switched on.

    Nothing is changed and nobody is shown anything: the recorded pages are gone through again, and every
    suggestion counts by how much likelier the other strategies are to make it than what was followed. So only
    what was shown now and then can be judged; where that is too little, the answer says so.

    \b
        stifinder evaluate --with my_package.my_plugin
        stifinder evaluate --without content
        stifinder evaluate --weights collaborative=2,content=1 --json

    A PLUGIN is the name of an installed one (see `stifinder plugins`), also one that is switched off, or a
    module as stifinder.toml would name it. Without options, today's strategies with the learned weights are
    held against what was done.

    \b
    The value of a suggestion: passed 1, completed 0.8, started or failed 0.4, passed over 0.1, dismissed 0.
      IPS    unbiased, wide           (inverse propensity)
      SNIPS  a little biased, steady  (self-normalised)
      DR     unbiased, steady         (doubly robust)
    Believe them where they agree. Intervals hold the truth 19 times of 20. docs/evaluating.md says more.
    """
    chosen = _weights(weights)
    plugins, models = _plugins(tool, added, left_out)
    core = tool.core()
    core.database.require_migrated()
    tenant_id = the_tenant(core, tenant)
    catalogue = core.catalogue(tenant_id)
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("Replaying"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    plugins.settings.secrets = core.secrets
    with core.database.read() as connection, bar:
        task = bar.add_task("", total=None)
        wanted = dict(plugin_choices.of_tenant(connection, tenant_id))
        wanted |= {name: PluginChoice(True, _own(wanted, name)) for name in added}
        wanted |= {name: PluginChoice(False) for name in left_out}
        replay = Replay(
            connection, tenant_id, catalogue, plugins.of_tenant(tenant_id, wanted), models, chosen
        )
        found = replay.run(core.clock(), lambda done, whole: bar.update(task, completed=done, total=whole))
    if as_json:
        click.echo(json.dumps(_as_json(tenant_id, found), indent=1))
    else:
        _show(found)


def _own(choices: Mapping[str, PluginChoice], name: str) -> Mapping[str, Any]:
    return choices[name].settings if name in choices else {}


def _weights(given: str | None) -> dict[str, float] | None:
    """Read ``name=number,...``."""
    if given is None:
        return None
    found = {}
    for part in given.split(","):
        name, _, number = part.partition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            found[name.strip()] = math.nan
        if not name.strip() or not 0 <= found[name.strip()] < math.inf:
            raise InvalidInput(
                f"--weights: {part.strip()!r} is no weight.", "Write them like collaborative=2,content=1."
            )
    if not sum(found.values()):
        raise InvalidInput("--weights: every weight is 0.", "Give at least one strategy a weight.")
    return found


def _plugins(tool: Tool, added: Sequence[str], left_out: Sequence[str]) -> tuple[Plugins, Any]:
    """The plugins as installed, with those that are to be added, also ones the configuration switched off."""
    settings = tool.settings.plugins
    disable = (settings.disable | switched_off(tool.settings)) - set(added)
    plugins = Plugins(load=settings.load, disable=disable, settings=settings.settings)
    known = {row.name for row in plugins.describe()}
    modules = [name for name in added if name not in known]
    if modules:
        plugins = Plugins(load=(*settings.load, *modules), disable=disable, settings=settings.settings)
    rows = {row.name: row for row in plugins.describe()}
    for name in left_out:
        if name not in rows:
            raise NotFound(f"There is no plugin {name!r}.", f"There are: {', '.join(sorted(rows))}.")
    for name in added:
        module, _, attribute = name.partition(":")
        row = rows.get(name) or rows[attribute or module.rpartition(".")[2]]
        if row.status != "ok":
            raise InvalidInput(
                f"The plugin {name} cannot be used: {row.status}.",
                "Names of installed ones are listed by `stifinder plugins`; for a file in this folder set "
                "PYTHONPATH=.",
            )
    return plugins, plugins.models()


def _estimates(logged: Logged) -> list[Estimate]:
    return [
        evaluation.served(logged),
        evaluation.ips(logged),
        evaluation.snips(logged),
        evaluation.doubly_robust(logged),
        evaluation.gain(logged),
    ]


def _warnings(found: Replayed) -> list[str]:
    said = evaluation.warnings(found.logged)
    if found.lost:
        said.append(
            f"{found.lost} suggestions could not be rebuilt and are left out: the people or activities are "
            "gone, or the rules would not allow them today."
        )
    if found.alike is not None and found.alike < ALIKE:
        said.append(
            f"Only {found.alike:.0%} of the recorded votes come out the same when replayed: profiles, "
            "the catalogue or plugins have changed since."
        )
    return said


def _as_json(tenant_id: str, found: Replayed) -> dict[str, Any]:
    logged = found.logged

    def finite(estimate: Estimate) -> dict[str, Any]:
        said = dataclasses.asdict(estimate)
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in said.items()}

    return {
        "tenant": tenant_id,
        "suggestions": len(logged.reward),
        "people": int(logged.person.max()) + 1,
        "effective": logged.effective,
        "lost": found.lost,
        "alike": found.alike,
        "estimates": [finite(each) for each in _estimates(logged)],
        "warnings": _warnings(found),
    }


def _show(found: Replayed) -> None:
    logged = found.logged
    table = Table("Estimate", "Value", "95 % interval", box=None, pad_edge=False)
    for each in _estimates(logged):
        name = "more than as served (DR)" if each.name == "gain" else each.name
        interval = f"{each.low:.3f} to {each.high:.3f}" if math.isfinite(each.low) else "unknown"
        table.add_row(name, f"{each.value:+.3f}" if each.name == "gain" else f"{each.value:.3f}", interval)
    console = Console()
    if not console.is_terminal:
        console.width = 200  # do not wrap what another program reads line by line
    console.print(table)
    click.echo(
        f"\n{len(logged.reward)} suggestions to {int(logged.person.max()) + 1} people; "
        f"they count as {logged.effective:.0f}."
    )
    if found.alike is not None:
        click.echo(f"{found.alike:.0%} of the recorded votes came out the same when replayed.")
    warnings = _warnings(found)
    for warning in warnings:
        click.echo(f"Warning: {warning}")
    click.echo(_verdict(evaluation.gain(logged), certain=not evaluation.warnings(logged)))


def _verdict(gain: Estimate, *, certain: bool) -> str:
    if not certain:
        return "The record is not enough to tell. Let more pages try other weights, or wait for more of them."
    if gain.low > 0:
        return "It would probably have brought more than what was done."
    if gain.high < 0:
        return "It would probably have brought less than what was done."
    return "Whether it would have brought more or less than what was done cannot be told from this record."
