"""``stifinder jobs``: what waits to be sent to an LMS, and why; try it again; do the work."""

from __future__ import annotations

import signal
import threading

import click

from . import Tool, tenant_option, the_tenant


@click.group()
def jobs() -> None:
    """Scores on their way to the LMS, and other work beside the pages."""


@jobs.command("list")
@tenant_option
@click.pass_obj
def show(tool: Tool, tenant: str | None) -> None:
    """List the scores that wait: since when, when each is tried next, how often it was, and why it waits.

    A learner's number is the one that Stifinder shows that learner; the LMS's name for them is not shown.
    """
    core = tool.core()
    core.database.require_migrated()
    waiting = core.waiting_scores(the_tenant(core, tenant))
    for each in waiting:
        next_try = f"{each.next_try_at:%Y-%m-%d %H:%M} UTC" if each.next_try_at else "when you say so"
        since = f"{each.created_at:%Y-%m-%d %H:%M} UTC"
        click.echo(
            f"{each.id}  since {since}, next try {next_try}, tries {each.tries}\n"
            f"   {each.score:g} of 100 for learner {each.learner_id} to {each.line_item}"
        )
        if each.last_error:
            click.echo(f"   {each.last_error}")
    if not waiting:
        click.echo("Nothing waits.", err=True)


@jobs.command("retry")
@click.argument("number", type=int, required=False)
@tenant_option
@click.pass_obj
def retry(tool: Tool, number: int | None, tenant: str | None) -> None:
    """Try a score again at once (see `stifinder jobs list`); without NUMBER all that wait.

    A running `stifinder serve` sends them within a minute; `stifinder jobs run --once` sends them now.
    """
    core = tool.core()
    core.database.require_migrated()
    count = core.retry_scores(the_tenant(core, tenant), number)
    click.echo(f"Due now: {count}.")


@jobs.command("run")
@click.option("--once", is_flag=True, help="Do what is due, and stop.")
@click.pass_obj
def run(tool: Tool, once: bool) -> None:
    """Do the work beside the pages until Ctrl-C or SIGTERM; `stifinder serve` does it too, unless told not.

    \b
        stifinder serve --no-jobs
        stifinder jobs run
    """
    from ..jobs import Jobs, Queue

    core = tool.core()
    core.database.require_migrated()
    if once:
        work = Jobs(core)
        click.echo(f"Scores sent: {work.send_scores()}. Courses read: {work.read_rosters()}.")
        click.echo(f"Jobs of plugins done: {work.run_plugin_jobs()}.")
        click.echo(f"Events removed that were kept long enough: {work.remove_too_old()}.")
        return
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    queue = Queue(core)
    queue.start()
    click.echo("Working. Ctrl-C stops it.")
    stop.wait()
    queue.stop()
    click.echo("Stopped.")
