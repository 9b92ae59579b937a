"""``stifinder doctor``: what is wrong with a set-up, and how to cure it. It changes nothing."""

from __future__ import annotations

import difflib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import requests
from sqlalchemy import Connection, func, select, text

from ...core import secrets
from ...core.errors import ConfigurationError, StifinderError
from ...core.plugins import Plugins
from ...core.settings import VARIABLES, Settings
from ...core.store.database import Database
from ...core.store.tables import SYSTEM, activity, registration, tenant, tool_key, xapi_credential
from . import Tool, database_url, switched_off
from .serve import listen

LEAST_FREE = 500_000_000
"""Bytes on the disk of the data folder below which a warning is due."""
OLDEST_KEY = timedelta(days=365)
"""Age of the signing key above which a warning is due."""
CLOCK_TOLERANCE = timedelta(seconds=30)
"""Half of what launches tolerate."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the answer.

    :param status: ``ok``, ``warn`` or ``fail``.
    """

    check: str
    status: str
    what: str
    cure: str = ""


Findings = Iterator[Finding]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def doctor(tool: Tool, as_json: bool) -> None:
    """Say what is wrong with this set-up and how to cure it.

    Changes nothing. The exit code is 1 when something fails.
    """
    findings = list(examine(tool))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        colours = {"ok": "green", "warn": "yellow", "fail": "red"}
        for finding in findings:
            status = click.style(f"{finding.status:4}", fg=colours[finding.status])
            click.echo(f"{status}  {finding.check:14} {finding.what}")
            if finding.cure:
                click.echo(f"{'':21}→ {finding.cure}")
    click.get_current_context().exit(1 if any(finding.status == "fail" for finding in findings) else 0)


def examine(tool: Tool) -> Findings:
    """All checks, in the order in which cures make sense."""
    yield from _guarded("Python", _python)
    try:
        settings = tool.settings
    except ConfigurationError as error:
        yield Finding("configuration", "fail", error.what, error.cure)
        return
    yield from _configuration(settings)
    checks: dict[str, Callable[[Settings], Findings]] = {
        "data folder": _data_folder,
        "secret key": _secret_key,
        "database": _database,
        "queue": _queue,
        "plugins": _plugins,
        "address": _address,
        "port": _port,
    }
    for name, check in checks.items():
        yield from _guarded(name, lambda check=check: check(settings))  # type: ignore[misc]


def _guarded(name: str, check: Callable[[], Findings]) -> Findings:
    """An error that names its cure is a finding, and so is a file that may not be looked at."""
    try:
        yield from check()
    except StifinderError as error:
        yield Finding(name, "fail", error.what, error.cure)
    except PermissionError as error:
        cure = "Run this as the user that Stifinder runs as, or give this one the right."
        yield Finding(name, "fail", f"{error.filename} may not be looked at: {error.strerror}.", cure)


def _python() -> Findings:
    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= (3, 11)
    yield Finding("Python", "ok" if fine else "fail", version, "" if fine else "Use Python 3.11 or newer.")


def _configuration(settings: Settings) -> Findings:
    yield Finding("configuration", "ok", f"read from {settings.file or 'the environment; there is no file'}")
    known = [*VARIABLES, "STIFINDER_CONFIG"]
    for name in os.environ:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        if name.startswith(("STIFINDER_", "DATABASE_")) and name not in known and near:
            yield Finding("configuration", "warn", f"nobody reads {name}.", f"Did you mean {near[0]}?")


def _data_folder(settings: Settings) -> Findings:
    folder = settings.data_dir
    if not folder.exists():
        yield Finding("data folder", "warn", f"{folder} is not there yet.", "Run: stifinder migrate")
        return
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        cure = "Give this user the right to write there, or choose another with STIFINDER_DATA_DIR."
        yield Finding("data folder", "fail", f"{folder} cannot be written to: {error.strerror}.", cure)
        return
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        yield Finding(
            "data folder", "warn", f"{folder} has {free // 10**6} MB left.", "Make room on its disk."
        )
    else:
        yield Finding("data folder", "ok", f"{folder}")


def _secret_key(settings: Settings) -> Findings:
    path = settings.data_dir / secrets.FILE_NAME
    if not settings.secret and not path.exists():
        yield Finding(
            "secret key", "warn", f"{path} is made at the first start.", "Keep it in your backups then."
        )
        return
    found = secrets.Secrets.open(settings.data_dir, settings.secret)
    yield Finding("secret key", "ok", f"from {found.origin}")


def _database(settings: Settings) -> Findings:
    try:
        url = database_url(settings)
        missing = url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists()
        if missing:
            yield Finding("database", "fail", f"{url.database} is not there yet.", "Run: stifinder migrate")
            return
    except ConfigurationError as error:
        yield Finding("database", "fail", error.what, error.cure)
        return
    database = Database(settings.database_url)
    try:
        database.check()
        yield Finding("database", "ok", url.render_as_string(hide_password=True))
        yield from _inside(database, settings)
    finally:
        database.close()


def _inside(database: Database, settings: Settings) -> Findings:
    pending = database.pending_migrations()
    if pending:
        yield Finding("migrations", "fail", f"missing: {', '.join(pending)}.", "Run: stifinder migrate")
        return
    yield Finding("migrations", "ok", "none is missing")
    with database.read() as connection:
        if database.is_sqlite:
            mode = str(connection.execute(text("PRAGMA journal_mode")).scalar_one())
            if mode == "wal":
                yield Finding(
                    "journal", "ok", "write-ahead log: readers and the writer do not wait for each other"
                )
            else:
                cure = "Put the data folder on a local disk: network file systems cannot do it."
                yield Finding("journal", "fail", f"the journal's mode is {mode}, not WAL.", cure)
            latest = connection.execute(select(func.max(tenant.c.created_at))).scalar_one()
            ahead = (latest - datetime.now(UTC)) if latest else timedelta()
            compared = "the newest tenant"
        else:
            ahead = abs(connection.execute(select(func.now())).scalar_one() - datetime.now(UTC))
            compared = "the database's clock"
        keys = connection.execute(
            select(tool_key.c.private_key, tool_key.c.signs_from).where(tool_key.c.tenant_id == SYSTEM)
        ).all()
        missing = list(_set_up(connection))
    if ahead > CLOCK_TOLERANCE:
        what = f"this machine is {ahead.total_seconds():.0f} s off {compared}."
        yield Finding("clock", "fail", what, "Switch time synchronisation on: launches expire by the clock.")
    else:
        yield Finding("clock", "ok", f"agrees with {compared}")
    yield from missing
    yield from _guarded(
        "tool key", lambda: _tool_key(settings, [(row.private_key, row.signs_from) for row in keys])
    )


def _set_up(connection: Connection) -> Findings:
    """What an organisation still lacks before its learners see suggestions."""
    ids = [
        row.id for row in connection.execute(select(tenant.c.id).order_by(tenant.c.id)) if row.id != SYSTEM
    ]
    if not ids:
        yield Finding("organisations", "warn", "there is none yet.", "Run: stifinder tenant add acme")
    needs = (
        (registration, "no LMS is registered", "stifinder register"),
        (activity, "the catalogue is empty", "stifinder catalogue import FILE --tenant {}"),
        (xapi_credential, "no LMS can send statements", "stifinder xapi add --tenant {}"),
    )
    for each in ids:
        for table, lack, cure in needs:
            if (
                connection.execute(
                    select(table.c.tenant_id).where(table.c.tenant_id == each).limit(1)
                ).first()
                is None
            ):
                yield Finding("organisations", "warn", f"{each}: {lack}.", f"Run: {cure.format(each)}")


def _tool_key(settings: Settings, keys: list[tuple[bytes, datetime]]) -> Findings:
    if not keys:
        yield Finding("tool key", "ok", "none yet; it is made when the first LMS asks for it")
    elif not settings.secret and not (settings.data_dir / secrets.FILE_NAME).exists():
        cure = f"Put {secrets.FILE_NAME} back from your backup, or set STIFINDER_SECRET_KEY."
        yield Finding("tool key", "fail", "the key that opens it is gone.", cure)
    else:
        master = secrets.Secrets.open(settings.data_dir, settings.secret)
        for key, _ in keys:
            master.decrypt(key)
        now = datetime.now(UTC)
        age = now - max((begun for _, begun in keys if begun <= now), default=now)
        what = f"{len(keys)} can be opened; the one that signs does so for {age.days} days"
        if age > OLDEST_KEY:
            yield Finding("tool key", "warn", f"{what}.", "Have a new one follow it: stifinder keys rotate")
        else:
            yield Finding("tool key", "ok", what)


def _queue(settings: Settings) -> Findings:
    if not settings.redis_url:
        yield Finding("queue", "ok", "in a file of the data folder")
        return
    try:
        from redis import Redis, RedisError
    except ImportError:
        yield Finding(
            "queue",
            "fail",
            "REDIS_URL is set, and the Redis client is not installed.",
            "Run: pip install 'stifinder[redis]'",
        )
        return
    try:
        Redis.from_url(settings.redis_url, socket_connect_timeout=5, socket_timeout=5).ping()
    except (RedisError, OSError, ValueError) as error:
        cure = "Check REDIS_URL and that the server runs; grades wait in the database meanwhile."
        yield Finding("queue", "fail", f"Redis does not answer: {type(error).__name__}.", cure)
    else:
        yield Finding("queue", "ok", "Redis answers")


def _plugins(settings: Settings) -> Findings:
    chosen = settings.plugins
    try:
        off = switched_off(settings)
    except StifinderError:
        off = frozenset()  # what is wrong with the database was said above
    loaded = Plugins(
        load=chosen.load, disable=chosen.disable | off, apart=chosen.apart, settings=chosen.settings
    )
    loaded.models()  # as a start does, so that a model that cannot be used shows in the status
    rows = loaded.describe()
    for name in loaded.unknown_disabled():
        near = difflib.get_close_matches(name, [row.name for row in rows], n=1)
        cure = f"Did you mean {near[0]}?" if near else "`stifinder plugins` lists their names."
        yield Finding("plugins", "warn", f"{name} is disabled, but there is no such plugin.", cure)
    for name in loaded.unknown_apart():
        what = f"{name} is to run in a process of its own, but there is no such plugin."
        yield Finding("plugins", "warn", what, "`stifinder plugins` lists their names.")
    loaded.close()
    for row in rows:
        if row.status not in ("ok", "disabled"):
            cure = "Correct it or its settings, uninstall it, or put its name into [plugins] disable."
            yield Finding("plugins", "fail", f"{row.name} ({row.origin}): {row.status}", cure)
    fine = [row.name for row in rows if row.status == "ok"]
    if fine:
        yield Finding("plugins", "ok", f"{len(fine)} loaded: {', '.join(fine)}")
    else:
        yield Finding(
            "plugins", "fail", "none is loaded, so there are no suggestions.", "See: stifinder plugins"
        )


def _address(settings: Settings) -> Findings:
    if settings.secure:
        yield Finding("address", "ok", settings.base_url)
        if settings.development:
            what = "the development switch is on: whoever names an address can have this machine called."
            yield Finding("address", "warn", what, "Remove `development` (STIFINDER_DEVELOPMENT).")
    else:
        what = f"{settings.base_url} is reachable from this machine only; an LMS elsewhere cannot launch it."
        yield Finding("address", "warn", what, "Set STIFINDER_BASE_URL to the https address of your proxy.")


def _port(settings: Settings) -> Findings:
    try:
        listen(settings.host, settings.port).close()
    except ConfigurationError:
        if not _is_ours(settings):
            raise
        yield Finding("port", "ok", f"Stifinder answers on port {settings.port}")
    else:
        yield Finding("port", "ok", f"{settings.host}:{settings.port} is free")


def _is_ours(settings: Settings) -> bool:
    with requests.Session() as session:
        session.trust_env = False  # this machine: no proxy
        try:
            answer = session.get(f"http://{settings.host}:{settings.port}/health", timeout=2)
            return answer.ok and answer.json() == {"status": "ok"}
        except (requests.RequestException, ValueError):
            return False
