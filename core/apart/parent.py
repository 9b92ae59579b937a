"""Our side of a plugin in a process of its own: an object with the plugin's hooks, as pluggy expects it.

One call at a time goes across. A call that is late ends the process; so does one that the system ends, such
as for want of memory. The next one is started beside the pages, and until it is there the plugin has nothing
to say. A catalogue goes across once for each version.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess  # nosec B404 # of this very interpreter
import sys
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any

import msgspec

from ..catalogue import Catalogue
from ..errors import ConfigurationError
from ..hookspecs import FAMILIES, RULES, Rule, hookimpl
from ..isolation import Failed, Unusable, ends_itself
from ..proposals import Situation
from . import settings_told
from .channel import Gone, Key, Reply, packed, receive, send
from .child import Hello

START_SECONDS = 20.0
GRACE = 0.05
"""Seconds that a late call has before its process is ended: by then its caller has gone on."""
CATALOGUES = 4
LARGE = 100_000
"""Bytes of a packed catalogue above which it is brought beside the pages."""
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT")
BOOT = (
    "import json, socket, sys; link = socket.socket(fileno=int(sys.argv[1])); "
    "sys.path[:] = json.loads(sys.argv[2]); from stifinder.core.apart.child import main; main(link)"
)
_HELLO = msgspec.msgpack.Decoder(Hello)
_REPLY = msgspec.msgpack.Decoder(Reply)
_NAMES = msgspec.msgpack.Decoder(list[str] | None)
_SETTINGS = msgspec.msgpack.Decoder(list[settings_told.Told])
_DECODERS: dict[str, msgspec.msgpack.Decoder[Any]] = {}


class Busy(TimeoutError):
    """Another call took all of the time there was."""


class Ended(OSError):
    """The plugin's process ended during a call."""


def _decoder(hook: str, rule: Rule) -> msgspec.msgpack.Decoder[Any]:
    if hook not in _DECODERS:
        answer: Any = rule.answer
        _DECODERS[hook] = msgspec.msgpack.Decoder(tuple[answer, ...] | None if rule.many else answer | None)
    return _DECODERS[hook]


class Process:
    """One process of a plugin, from its start to its end.

    :param spec: ``module`` or ``module:object``.
    :raises Failed: when the plugin cannot be imported there; says the exception's type and place.
    :raises Gone: when the process ended, or did not answer in time.
    """

    def __init__(self, spec: str, *, network: bool) -> None:
        self.known: OrderedDict[Key, None] = OrderedDict()
        self.link, theirs = socket.socketpair()
        os.set_inheritable(theirs.fileno(), True)
        path = [os.path.abspath(p) for p in sys.path]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # nosec B603
                [sys.executable, "-E", "-P", "-B", "-c", BOOT, str(theirs.fileno()), json.dumps(path)],
                env={name: os.environ[name] for name in PASSED_ON if name in os.environ}
                | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                cwd=os.path.abspath(os.sep),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._end = weakref.finalize(self, _end, self._process, self.link)
        until = time.monotonic() + START_SECONDS
        try:
            send(self.link, packed((spec, network)), until)
            self.hello: Hello = _HELLO.decode(self._heard(until))
        except BaseException:
            self.end()
            raise

    def call(self, message: object, until: float) -> bytes:
        """Send a message and read the answer to it."""
        send(self.link, packed(message), until)
        return self._heard(until)

    def _heard(self, until: float) -> bytes:
        try:
            reply = _REPLY.decode(receive(self.link, until))
        except msgspec.ValidationError as error:
            raise Gone("not the form that was agreed") from error
        if reply.error:
            raise Failed(reply.error, reply.frames)
        return bytes(reply.answer)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def resident(self) -> int | None:
        """Bytes it has in memory; None where the system does not say."""
        try:
            with open(f"/proc/{self._process.pid}/statm", encoding="ascii") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            return None

    def end(self) -> None:
        """End it, whatever it is at."""
        self._end()


def _end(process: subprocess.Popen[bytes], link: socket.socket) -> None:
    link.close()
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()


class Apart:
    """A plugin that runs elsewhere; has a function for each of its hooks.

    :param spec: ``module`` or ``module:object``; it is imported there, and never here.
    :raises ConfigurationError: where the system cannot do it.
    :raises Failed: when it cannot be imported.
    """

    def __init__(self, name: str, spec: str) -> None:
        if os.name != "posix":
            raise ConfigurationError(
                f"{name} cannot run in a process of its own on this system.",
                "Take it out of [plugins] apart, or run Stifinder on Linux.",
            )
        self.name = name
        self._spec = spec
        self._turn = threading.Lock()
        self._starting = threading.Lock()
        self._bringing = False
        self._network = False
        self._settings: Mapping[str, object] | None = None
        self._lost: Exception | None = None
        self._process: Process | None = Process(spec, network=False)
        self._offers(self._process.hello)

    def _offers(self, hello: Hello) -> None:
        for hook, options in hello.hooks.items():
            if hook not in RULES:  # said by name, as of any plugin
                setattr(self, hook, hookimpl(lambda: None))
                continue
            marked = hookimpl(tryfirst=options.get("tryfirst", False), trylast=options.get("trylast", False))
            specified = next(getattr(family, hook) for family in FAMILIES if hasattr(family, hook))
            setattr(self, hook, marked(self._hook(hook, specified)))

    def _hook(self, hook: str, specified: Callable[..., Any]) -> Callable[..., Any]:
        @ends_itself
        @wraps(specified)  # pluggy reads the names of the arguments from what is wrapped
        def asked(**arguments: Any) -> Any:
            return self._ask(hook, arguments)

        del asked.stifinder_spec  # type: ignore[attr-defined]
        return asked

    # --- what the host sees of it ---

    @property
    def walls(self) -> tuple[str, ...]:
        """What the process is held back from."""
        process = self._process
        return tuple(process.hello.walls) if process else ()

    @property
    def resident(self) -> int | None:
        """Bytes that the process has in memory; None while there is none."""
        process = self._process
        return process.resident if process else None

    def let_out(self) -> None:
        """Start anew with the network: its manifest names hosts, and an administrator will read them."""
        self._network = True
        self.close()
        self._process = self._started()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.end()

    # --- asking ---

    def _ask(self, hook: str, arguments: Mapping[str, Any]) -> Any:
        rule = RULES[hook]
        seconds = rule.milliseconds / 1000
        until = time.monotonic() + seconds + GRACE
        if hook == "configure":
            self._settings = dict(arguments["settings"])
        given = {name: _without_models(value) for name, value in arguments.items()}
        if self._bringing:
            return None
        if not self._turn.acquire(timeout=seconds):
            raise Busy(f"{self.name} was at another call")
        process, well = None, False
        try:
            process = self._at_hand()
            if process is None or not self._brought(process, given, until):
                well = True
                return None
            answer = process.call((hook, packed(given), seconds), until)
            well = True
        except Failed as failed:
            well = failed.kind != "MemoryError"
            raise
        except Gone as gone:
            raise Ended(f"the process of {self.name} ended") from gone
        finally:
            if process is not None and not well:
                self._process = None
                process.end()
            self._turn.release()
        return self._read(hook, rule, answer)

    def _read(self, hook: str, rule: Rule, answer: bytes) -> Any:
        try:
            if hook == "learned_models":
                if _NAMES.decode(answer):
                    raise Unusable("it brings learned models, and those cannot run in a process of their own")
                return []
            if hook == "settings_schema":
                return settings_told.schema_of(_SETTINGS.decode(answer))
            return _decoder(hook, rule).decode(answer)
        except (msgspec.ValidationError, settings_told.CannotBeTold) as error:
            raise Unusable(f"the answer of its process: {error}") from error

    def _at_hand(self) -> Process | None:
        """The process; None while one is being started."""
        process = self._process
        if process is not None and process.alive:
            return process
        self._process = None
        lost, self._lost = self._lost, None
        if self._starting.acquire(blocking=False):
            threading.Thread(target=self._start, name=f"stifinder-apart-{self.name}", daemon=True).start()
        if lost is not None:
            raise lost
        return None

    def _start(self) -> None:
        try:
            self._process = self._started()
        except (Failed, Gone, TimeoutError, OSError) as error:
            self._lost = error  # the next call says it, so that the plugin is left alone when it goes on
        finally:
            self._starting.release()

    def _started(self) -> Process:
        process = Process(self._spec, network=self._network)
        if self._settings is not None and "configure" in process.hello.hooks:
            seconds = RULES["configure"].milliseconds / 1000
            data = packed({"settings": self._settings})
            process.call(("configure", data, seconds), time.monotonic() + seconds)
        return process

    # --- catalogues ---

    def _brought(self, process: Process, given: Mapping[str, Any], until: float) -> bool:
        """Whether the process has the catalogue that is asked about; a large one is brought by and by."""
        catalogue = next((v.catalogue for v in given.values() if isinstance(v, Situation)), None)
        catalogue = catalogue or next((v for v in given.values() if isinstance(v, Catalogue)), None)
        if catalogue is None:
            return True
        key = catalogue.tenant_id, catalogue.version
        if key in process.known:
            process.known.move_to_end(key)
            return True
        if len(catalogue) * 200 < LARGE and len(data := packed(catalogue, whole=True)) < LARGE:
            self._bring(process, key, data, until)
            return True
        self._bringing = True
        threading.Thread(target=self._bring_large, args=(process, key, catalogue), daemon=True).start()
        return False

    def _bring_large(self, process: Process, key: Key, catalogue: Catalogue) -> None:
        with self._turn:
            try:
                data = packed(catalogue, whole=True)
                self._bring(process, key, data, time.monotonic() + START_SECONDS)
            except (Failed, Gone, TimeoutError, OSError) as error:
                self._lost = error
                if self._process is process:
                    self._process = None
                process.end()
            finally:
                self._bringing = False

    @staticmethod
    def _bring(process: Process, key: Key, data: bytes, until: float) -> None:
        drop = next(iter(process.known)) if len(process.known) >= CATALOGUES else None
        process.call(("catalogue", key, drop, data), until)
        if drop is not None:
            del process.known[drop]
        process.known[key] = None


def _without_models(value: Any) -> Any:
    """A situation without states of models: they are other plugins', and of any kind."""
    return replace(value, models={}) if isinstance(value, Situation) else value
