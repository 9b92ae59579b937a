"""``stifinder plugin check``: every promise of the hooks, checked against one plugin."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...core.errors import ConfigurationError, InvalidInput
from ...core.manifests import INTERFACE

if TYPE_CHECKING:
    from ...lab.kit import Finding


@click.command("check")
@click.argument("what", required=False)
@click.option("--promise", "promises", multiple=True, metavar="NAME", help="Only this one; can be repeated.")
@click.option("--promises", "listing", is_flag=True, help="List the promises, and check nothing.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="For the made inputs.")
@click.option(
    "--examples",
    type=click.IntRange(1, 100_000),
    help="Made inputs for each hook; more find more [default: 100].",
)
@click.option(
    "--interface", default=INTERFACE, show_default=True, metavar="VERSION", help="Version of the hooks."
)
@click.option(
    "--states",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also read what its models stored in earlier releases; kept here the first time.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), help="Also write this file, for CI servers."
)
def check(
    what: str | None,
    promises: tuple[str, ...],
    listing: bool,
    seed: int,
    examples: int | None,
    interface: str,
    states: Path | None,
    as_json: bool,
    junit: Path | None,
) -> None:
    """Check that a plugin keeps the promises of its hooks.

    WHAT is the name of an installed plugin, its folder, a wheel, or module[:object]. Each finding says what
    breaks the promise, the smallest input that does it, and how to cure it. Ends with 1 when it finds
    anything.

    \b
        stifinder plugin check ./short-first
        stifinder plugin check short-first --promise in-time
        stifinder plugin check dist/short_first-0.1.0-py3-none-any.whl --junit report.xml
    """
    try:
        import hypothesis  # noqa: F401
    except ImportError as error:
        raise ConfigurationError(
            "The conformance kit is not installed.", "Install it: pip install 'stifinder[kit]'"
        ) from error
    from ...core.hookspecs import deprecations
    from ...lab.kit import PROMISES, begin, chosen
    from ...lab.kit.findings import as_json as in_json
    from ...lab.kit.findings import as_junit
    from ...lab.kit.trial import EXAMPLES

    if listing:
        width = max(map(len, PROMISES))
        click.echo("\n".join(f"{name:{width}}  {each.words}" for name, each in PROMISES.items()))
        return
    if what is None:
        raise InvalidInput(
            "Which plugin?", "Give a name that `stifinder plugins` lists, a folder, or a wheel."
        )
    names = chosen(promises)
    trial = begin(what, seed=seed, examples=examples or EXAMPLES, interface=interface, states=states)
    for words in deprecations(trial.subject.hooks):
        click.echo(f"note       {words}.", err=True)
    found: list[Finding] = []
    started = time.monotonic()
    kept: list[str] = []
    for name in names:
        said = trial.findings(name)
        found += said
        if not said and not trial.stuck:
            kept.append(name)
        if not as_json:
            verdict = "not tried" if trial.stuck else "broken" if said else "kept"
            click.echo(f"{verdict:9}  {name}")
            for finding in said:
                click.echo("\n" + "\n".join(f"    {line}" for line in str(finding).splitlines()) + "\n")
    untried = set(names) - set(kept) if trial.stuck else set()
    if junit is not None:
        try:
            junit.write_text(as_junit(trial.subject.name, names, found, untried), encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(
                f"{junit} cannot be written: {error.strerror}.", "Give another file."
            ) from error
    if as_json:
        click.echo(json.dumps(in_json(trial.subject.name, names, found), indent=2))
    else:
        click.echo(
            f"{trial.subject.name}: {len(kept)} of {len(names)} promises kept, "
            f"{time.monotonic() - started:.0f} s."
        )
    if found:
        raise click.exceptions.Exit(1)
