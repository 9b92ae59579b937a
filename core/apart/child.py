"""The process of one plugin: imports it, and answers for it, one call at a time.

It is told by our side what to import and what to answer. It has no environment but a search path, nothing of
the configuration, and no way to the database; ``walls`` says what else it is held back from.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import pickle  # nosec B403 # what is read comes from the process that started this one
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pluggy

from ..catalogue import Catalogue
from ..hookspecs import FAMILIES, PROJECT, RULES
from . import settings_told, walls
from .channel import Frame, Gone, Key, Reply, receive, send, written

AFTER = 1.0
"""Seconds after its time is up that a call ends this process, should nobody else have."""


class Hello(msgspec.Struct, array_like=True):
    """What the plugin offers.

    :param hooks: hook to what it asked of pluggy (``tryfirst`` and so on).
    :param walls: what the process is held back from.
    """

    hooks: dict[str, dict[str, bool]]
    walls: list[str]


_catalogues: dict[Key, Catalogue] = {}


def known_catalogue(tenant_id: str, version: str) -> Catalogue:
    """A catalogue that was brought before."""
    return _catalogues[tenant_id, version]


class _Plugin:
    """The plugin and its hooks."""

    def __init__(self, spec: str) -> None:
        module, _, attribute = spec.partition(":")
        loaded = importlib.import_module(module)
        plugin = getattr(loaded, attribute) if attribute else loaded
        manager = pluggy.PluginManager(PROJECT)
        for family in FAMILIES:
            manager.add_hookspecs(family)
        options = {name: manager.parse_hookimpl_opts(plugin, name) for name in dir(plugin)}
        self.hooks: dict[str, dict[str, bool]] = {
            name: {key: bool(found[key]) for key in ("tryfirst", "trylast")}
            for name, found in options.items()
            if found is not None
        }
        self.functions: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {}
        if not set(self.hooks) - RULES.keys():
            manager.register(plugin)
            for name in self.hooks:
                (found,) = getattr(manager.hook, name).get_hookimpls()
                self.functions[name] = found.function, tuple(found.argnames)

    def answer(self, hook: str, arguments: Mapping[str, Any]) -> bytes:
        function, names = self.functions[hook]
        found = function(**{name: arguments[name] for name in names})
        if hook == "settings_schema":
            found = settings_told.told(found)
        if hook == "learned_models" and found:
            found = [model.name for model in found]
        return written(found)


def frames_of(error: BaseException) -> list[Frame]:
    """Where an error came from: no message, and no values."""
    found = traceback.extract_tb(error.__traceback__)
    return [(f.filename, f.lineno or 0, f.name) for f in found if f.filename != __file__]


def main(link: socket.socket) -> None:
    """Serve until the other side closes."""
    spec, network = pickle.loads(receive(link))  # noqa: S301  # nosec B301 (ours)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)  # what a plugin prints may speak of people
    silent = os.fdopen(nowhere, "w")
    package = str(Path(__file__).parents[2])  # an editable install is in none of the folders of the path
    held = walls.raise_walls([*sys.path, package], network=network)
    plugin: list[_Plugin] = []

    def load() -> bytes:
        plugin.append(_Plugin(spec))
        return written(Hello(plugin[0].hooks, held))

    _reply(link, load)
    while True:
        try:
            message = pickle.loads(receive(link))  # noqa: S301  # nosec B301 (ours)
        except Gone:
            return
        if message[0] == "catalogue":
            _, key, drop, data = message
            _catalogues.pop(drop, None)
            _reply(link, lambda key=key, data=data: _take(key, data))  # type: ignore[misc]
            continue
        hook, data, seconds = message
        # Ends this process from a thread that needs no lock of the interpreter, whatever the plugin is at.
        faulthandler.dump_traceback_later(seconds + AFTER, exit=True, file=silent)
        _reply(link, lambda hook=hook, data=data: plugin[0].answer(hook, pickle.loads(data)))  # type: ignore[misc] # noqa: S301 # nosec B301
        faulthandler.cancel_dump_traceback_later()


def _take(key: Key, data: bytes) -> bytes:
    _catalogues[key] = pickle.loads(data)  # noqa: S301  # nosec B301 (ours)
    return written(None)


def _reply(link: socket.socket, work: Callable[[], bytes]) -> None:
    try:
        reply = Reply(msgspec.Raw(work()))
    except MemoryError as error:
        send(link, msgspec.msgpack.encode(Reply(error="MemoryError", frames=frames_of(error))))
        os._exit(1)  # what is left of the memory is of no use
    except BaseException as error:  # noqa: BLE001  (told to the other side, which counts it)
        reply = Reply(error=type(error).__name__, frames=frames_of(error))
    send(link, msgspec.msgpack.encode(reply))
