"""Several processes on one socket, by gunicorn: each with a core of its own, and one of them with the jobs.

What has threads or connections is made after the fork: neither survives one. Models are folded, keys of
platforms kept and plugins watched in each process by itself; used nonces, statements and suggestions are in
the database, which all of them share.
"""

from __future__ import annotations

import fcntl
import gc
import os
import threading
from collections.abc import Callable
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Any

import click
from gunicorn.app.base import BaseApplication
from gunicorn.errors import AppImportError, HaltServer

from ...core.errors import StifinderError
from ...core.service import Core
from ...core.starting import starting
from ..app import create_app
from ..jobs import QUEUE, Queue

if TYPE_CHECKING:
    from ...core.settings import Settings

LOCK_NAME = "jobs.lock"
STUCK_SECONDS = 120
"""After this a process that shows no sign of life is ended, and another one started."""
STOP_SECONDS = 30
"""How long requests under way may take when the server stops; what lasts longer is cut off."""
LONGEST_FIELD = 65_536
"""Bytes of one header field: cookies of several visits come in one."""


class Workers(BaseApplication):
    """The tool in several processes.

    :param settle: called in each process once the application is made.
    :param stopped: called in the first process when all the others have ended.
    """

    def __init__(
        self,
        settings: Settings,
        listening: socket,
        *,
        workers: int,
        threads: int,
        jobs: bool,
        settle: Callable[[], None],
        stopped: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._jobs = jobs
        self._settle = settle
        self._core: Core | None = None
        self._worker: JobsInOne | None = None
        self._options: dict[str, Any] = {
            "bind": f"fd://{listening.detach()}",  # gunicorn closes it
            "workers": workers,
            "worker_class": "gthread",
            "threads": threads,
            "timeout": STUCK_SECONDS,
            "graceful_timeout": STOP_SECONDS,
            "keepalive": 75,
            "limit_request_line": 0,  # a login by GET carries the hints of its LMS
            "limit_request_field_size": LONGEST_FIELD,
            "forwarded_allow_ips": "",  # what the proxy says is not used: the tool knows its own address
            "secure_scheme_headers": {},
            "loglevel": "warning",
            "control_socket_disable": True,
            "worker_exit": lambda _arbiter, _worker: self._ended(),
            "on_exit": lambda _arbiter: stopped(),
        }
        super().__init__()

    def load_config(self) -> None:
        """Take the options given here; no file, and nothing from the environment."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application (a ``Flask``), made in each process after the fork."""
        try:
            with starting():
                self._core = core = Core.open(self._settings)
                app, queue = create_app(core), Queue(core)
        except StifinderError as error:
            raise AppImportError(f"Error: {error}") from error
        app.extensions[QUEUE] = queue
        if self._jobs:
            self._worker = JobsInOne(queue, core.settings.data_dir / LOCK_NAME)
            self._worker.start()
        self._settle()
        return app

    def serve(self) -> None:
        """Serve until SIGTERM or SIGINT; ends by ``SystemExit``, in every process."""
        # Children share what is in memory now as long as nobody writes to it; a collection would.
        gc.collect()
        gc.freeze()
        try:
            self.run()
        except HaltServer as end:
            # A worker that could not load the application has said why. When the others end of the same
            # while gunicorn is already stopping, it lets this through.
            raise SystemExit(end.exit_status) from None

    def _ended(self) -> None:
        """End what this process has open."""
        if self._worker is not None:
            self._worker.stop()
        if self._core is not None:
            try:
                self._core.close()
            except StifinderError as error:  # the models' snapshots are only there to start faster
                click.echo(f"Error: {error}", err=True)


class JobsInOne:
    """Runs the jobs in one process of those that share a file; when it ends, however, the next takes over.

    The lock belongs to an open file: the system lets it go with the process.
    """

    def __init__(self, queue: Queue, path: Path) -> None:
        self._queue = queue
        self._path = path
        self._stopping = threading.Event()

    def start(self) -> None:
        """Wait for the turn of this process, beside everything else."""
        threading.Thread(target=self._wait, name="jobs-turn", daemon=True).start()

    def _wait(self) -> None:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        if not self._stopping.is_set():
            self._queue.start()

    def stop(self) -> None:
        """End the jobs of this process, if it has them."""
        self._stopping.set()
        self._queue.stop()
