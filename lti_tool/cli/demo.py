"""``stifinder demo``: the tool and a small LMS around it on this computer, with learners and their past."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import sqlite3
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

import click

from ...core.errors import ConfigurationError
from .demo_with import install, saved

if TYPE_CHECKING:
    from ...adapters.sandbox.lms import Sandbox
    from ...core.service import Core
    from . import Tool

PORT = 8080
MARK = "stifinder-demo.lock"
"""The file that says a folder belongs to a demo; locked while one runs on it."""
AGAIN = "STIFINDER_DEMO_AGAIN"
"""Set in a demo that follows another because a file was saved."""
PARTS = ("tool", "sandbox")
"""The folders of the two programs inside the demo's folder."""


@click.command()
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="Port of the tool; 0 takes a free one.",
)
@click.option(
    "--lms-port",
    type=click.IntRange(0, 65535),
    help="Port of the LMS; 0 takes a free one [default: the one after --port, or a free one with --port 0].",
)
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a JSON file with addresses and logins once both servers answer.",
)
@click.option("--reset", is_flag=True, help="Forget what was done in the demo, and start over.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the demo [default: demo in the data folder].",
)
@click.option(
    "--with",
    "own",
    type=click.Path(path_type=Path, exists=True, file_okay=False, resolve_path=True),
    multiple=True,
    metavar="FOLDER",
    help="Use the plugin in this folder, and start anew when one of its files is saved; can be repeated.",
)
@click.pass_obj
def demo(
    tool: Tool,
    no_browser: bool,
    port: int,
    lms_port: int | None,
    ready_file: Path | None,
    reset: bool,
    data: Path | None,
    own: tuple[Path, ...],
) -> None:
    """Try Stifinder in a small LMS with two courses and a dozen learners.

    Prints the address to open. Everything stays on this computer. Ctrl-C stops it; the next start finds
    everything again, also on other ports. A plugin of your own takes part by --with ./NAME.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    if lms_port is None:
        lms_port = port + 1 if 0 < port < 65535 else 0
    folder = (data or tool.settings.data_dir / "demo").absolute()
    if ready_file is not None:
        _writable(ready_file).unlink(missing_ok=True)
    before = saved(own)
    with ExitStack() as stack:
        stack.enter_context(_own(folder))
        names = _take(stack, own)
        if reset:
            for part in PARTS:
                shutil.rmtree(folder / part, ignore_errors=True)
        sandbox, invitation = _start(stack, tool, folder, port, lms_port, names)
        if ready_file is not None:
            _write_whole(ready_file, json.dumps(_ready(sandbox, invitation), indent=2) + "\n")
        if AGAIN in os.environ:
            click.echo("Started anew.")
        else:
            _invite(sandbox.base_url, invitation, browser=not no_browser)
        while not own or saved(own) == before:  # until a signal; the time-out lets those through everywhere
            threading.Event().wait(0.3 if own else 1.0)
        addresses = (sandbox.tool_url, sandbox.base_url)
    click.echo("A file was saved.")
    _again(*addresses)


def _take(stack: ExitStack, own: tuple[Path, ...]) -> list[str]:
    """Make Python find the plugins of these folders; their names."""
    if not own:
        return []
    place = Path(stack.enter_context(TemporaryDirectory(prefix="stifinder-demo-")))
    names, problems = install(own, place)
    for problem in problems:
        click.echo(f"Left out: {problem}", err=True)
    return names


def _again(tool_address: str, lms_address: str) -> NoReturn:
    """Run this very command anew in this process, on the same ports: nothing of the old code is left."""
    words = [word for word in sys.orig_argv[1:] if word != "--reset"]
    ports = [str(urlsplit(address).port) for address in (tool_address, lms_address)]
    words += ["--port", ports[0], "--lms-port", ports[1]]
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *words], {**os.environ, AGAIN: "1"})  # noqa: S606 # nosec B606


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not disturb the tidying up
    raise SystemExit(0)


def _start(
    stack: ExitStack, tool: Tool, folder: Path, port: int, lms_port: int, names: list[str]
) -> tuple[Sandbox, str]:
    """Start both servers and everything between them; ``stack`` stops them again.

    :returns: the sandbox, and the address with which its administrator can register the tool.
    """
    from ...adapters.sandbox import introduction
    from ...adapters.sandbox.app import create_app as create_sandbox
    from ...adapters.sandbox.lms import Sandbox
    from ...adapters.sandbox.server import Server
    from ...core.service import Core
    from ...core.settings import Settings
    from ..app import create_app
    from ..jobs import QUEUE, Queue
    from .serve import LARGEST_BODY, settle

    after_servers = stack.enter_context(ExitStack())  # requests end first, then the core closes
    tool_server = Server(port, "--port")
    stack.callback(tool_server.stop)
    lms_server = Server(lms_port, "--lms-port")
    stack.callback(lms_server.stop)

    home = folder / "tool"
    home.mkdir(parents=True, exist_ok=True)
    core = Core.open(
        Settings(
            data_dir=home,
            database_url=f"sqlite:///{home / 'stifinder.db'}",
            base_url=tool_server.address,
            seed=tool.settings.seed,
            development=True,  # the LMS is on this machine, and without https
            limits=tool.settings.limits,
            plugins=tool.settings.plugins,
        )
    )
    after_servers.callback(core.close)
    core.migrate()
    sandbox = Sandbox.open(folder / "sandbox", lms_server.address, tool_server.address)
    introduction.introduce(core, sandbox)
    _switch_on(core, names)
    sandbox.live_through_history()
    app, queue = create_app(core), Queue(core)
    app.extensions[QUEUE] = queue
    after_servers.callback(queue.stop)
    queue.start()
    tool_server.start(app, LARGEST_BODY)
    lms_server.start(create_sandbox(sandbox))
    for address in (f"{sandbox.tool_url}/health", f"{sandbox.base_url}/login"):
        _answers(address)
    _send(sandbox)
    settle()
    stopped = threading.Event()
    sender = threading.Thread(target=sandbox.outbox.run, args=(stopped,), name="outbox", daemon=True)
    sender.start()
    stack.callback(stopped.set)
    return sandbox, introduction.invitation(core)


def _switch_on(core: Core, names: list[str]) -> None:
    """Let the demo's tenant use these plugins, and say of each whether it takes part."""
    from ...adapters.sandbox.introduction import TENANT
    from ...core.staff import OPERATOR

    for row in core.plugins.describe():
        if row.name not in names:
            continue
        if row.status != "ok":
            click.echo(f"Left out: {row.name}: {row.status}", err=True)
            continue
        if not core.plugin_here(TENANT, row.name).choice.enabled:
            core.switch_plugin(TENANT, OPERATOR, row.name, on=True)
        click.echo(f"With {row.name}: {', '.join(row.hooks)}")


def _send(sandbox: Sandbox) -> None:
    """Send what waits, which at the first start is the learners' past."""
    from rich.console import Console
    from rich.progress import Progress

    waiting = sandbox.store.count("waiting")
    if not waiting:
        return
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Sending the learners' past", total=waiting)
        sandbox.outbox.flush(lambda sent: bar.advance(task, sent))
    left = sandbox.store.count("waiting")
    if left:
        click.echo(f"{left} statements wait and will be sent later. {sandbox.outbox.problem}", err=True)


def _answers(address: str) -> None:
    """Make sure that a server answers.

    :raises ConfigurationError: when it does not.
    """
    import requests

    with requests.Session() as session:
        session.trust_env = False  # loopback: no proxy
        try:
            session.get(address, timeout=20).raise_for_status()
        except requests.RequestException as error:
            raise ConfigurationError(
                f"{address} does not answer as it should: {error}.",
                "Check that nothing on this computer filters local connections, then start again.",
            ) from error


def _ready(sandbox: Sandbox, invitation: str) -> dict[str, object]:
    from ...adapters.sandbox.people import ACCOUNTS, PEOPLE
    from ...adapters.sandbox.statements import actor

    door = sandbox.outbox.door
    agreed = next(person for person in PEOPLE.values() if person.opted_in)
    return {
        "tool": sandbox.tool_url,
        "lms": sandbox.base_url,
        "logins": [{"user": p.id, "password": p.password, "role": p.role} for p in ACCOUNTS.values()],
        "invitation": invitation,
        "xapi": {
            "endpoint": door.endpoint,
            "user": door.user,
            "password": door.password,
            "actor": actor(agreed.id),
        },
    }


def _invite(address: str, invitation: str, *, browser: bool) -> None:
    from ...adapters.sandbox.people import ADMIN, PASSWORD

    click.echo(
        f"The demo runs. Open {address} and log in as learner-01, password {PASSWORD}.\n"
        "Then: a course, Adaptive learning, an activity, and back to see what changed. Ctrl-C stops it.\n"
        f"To install it as an administrator would: log in as {ADMIN.id}, password {ADMIN.password}, "
        f"choose Tools, and paste\n{invitation}"
    )
    sys.stdout.flush()
    # Without a screen Python would start a browser inside this terminal, and wait for it.
    screen = sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if browser and screen:
        webbrowser.open(address)


# --- files ----------------------------------------------------------------------------------------


@contextmanager
def _own(folder: Path) -> Iterator[None]:
    """Make the folder ours while we run.

    :raises ConfigurationError: when it holds something else, is in use by another demo, or cannot be made.
    """
    mark = folder / MARK
    cure = "Choose another folder with --data."
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not mark.exists() and any(folder.iterdir()):
            raise ConfigurationError(f"The folder {folder} holds something that is no demo.", cure)
        lock = sqlite3.connect(mark, timeout=0, isolation_level=None)
    except (OSError, sqlite3.OperationalError) as error:
        raise ConfigurationError(f"The folder {folder} cannot be used: {error}.", cure) from error
    try:
        lock.execute("CREATE TABLE IF NOT EXISTS demo (running INTEGER)")
        lock.execute("BEGIN EXCLUSIVE")  # held until we end, however we end
    except sqlite3.OperationalError as error:
        lock.close()
        raise ConfigurationError(
            f"Another demo is running on {folder}.", f"Stop it with Ctrl-C there. {cure}"
        ) from error
    try:
        yield
    finally:
        lock.close()


def _writable(file: Path) -> Path:
    if not file.absolute().parent.is_dir():
        raise ConfigurationError(
            f"The ready file {file} cannot be written: its folder does not exist.", "Make the folder first."
        )
    return file


def _write_whole(file: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it; for its owner only, as it holds a password."""
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(text)
        fresh.replace(file)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise ConfigurationError(
            f"The ready file {file} cannot be written: {error.strerror}.", "Choose another with --ready-file."
        ) from error
