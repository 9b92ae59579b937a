"""What a plugin's process is held back from, by the system where it can, and by Python where it cannot.

Landlock (Linux 5.13; the network from 6.7) and name spaces bind compiled code too and cannot be taken off
again. An audit hook binds Python code alone. ``raise_walls`` says which of them stand.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

MEMORY = 2 * 1024**3
"""Bytes of address space; libraries for numbers ask for much more than they use."""
FILES, NETWORK, MEMORY_WALL, WRITING, PYTHON = "files", "network", "memory", "writing", "python"

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_NO_NEW_PRIVILEGES = 38
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_WRITE_FILE = 1 << 1
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Version of Landlock to the number of rights on files that it knows; later ones know as many."""
_TCP = 0b11
_SCOPES = 0b11
"""Abstract sockets, and signals to other processes."""
SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/localtime",
    "/etc/ld.so.cache",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/dev/urandom",
)


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def raise_walls(readable: Iterable[str], *, network: bool) -> list[str]:
    """Hold this process back, for good; call it before other threads are.

    :param readable: folders that code is imported from.
    :param network: whether it may talk to others.
    :returns: what the system holds it back from; ``PYTHON`` alone where nothing but the audit hook does.
    """
    stands = [*_limits()]
    if sys.platform == "linux":
        stands += _linux(readable, network=network)
    _listen(network=network)
    return [*stands, PYTHON]


def _limits() -> list[str]:
    try:
        import resource
    except ImportError:
        return []
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))
    return [MEMORY_WALL, WRITING] if sys.platform == "linux" else [WRITING]


def _linux(readable: Iterable[str], *, network: bool) -> list[str]:
    libc = ctypes.CDLL(None, use_errno=True)
    apart = False
    if not network:
        apart = libc.unshare(_NEW_NETWORK) == 0 or libc.unshare(_NEW_USER | _NEW_NETWORK) == 0
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return [NETWORK] if apart else []
    rules = _Ruleset(
        (1 << _RIGHTS.get(version, 16)) - 1,
        _TCP if version >= 4 and not network else 0,
        _SCOPES if version >= 6 else 0,
    )
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(rules), size, 0)
    if ruleset < 0:
        return [NETWORK] if apart else []
    for path in {*SYSTEM, sys.prefix, sys.base_prefix, *(str(Path(p).resolve()) for p in readable)}:
        _allow(libc, ruleset, path, _READ_FILE | _READ_FOLDER)
    _allow(libc, ruleset, os.devnull, _READ_FILE | _WRITE_FILE)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    held = libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return [*([FILES] if held else []), *([NETWORK] if apart else [])]


def _allow(libc: Any, ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there need not be allowed
    try:
        if not os.path.isdir(path):
            rights &= ~_READ_FOLDER
        beneath = _Beneath(rights, place)
        libc.syscall(_ADD_RULE, ruleset, 1, ctypes.byref(beneath), 0)
    finally:
        os.close(place)


PROCESSES = ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.kill")
CALLS: Mapping[str, bool] = {
    "socket.connect": True,
    "socket.bind": True,
    "socket.sendto": True,
    "socket.sendmsg": True,
    "socket.getaddrinfo": True,
    "socket.gethostbyname": True,
    **dict.fromkeys(PROCESSES, False),
}
"""Audit events that are refused, and whether a plugin that may use the network may cause them."""


def _listen(*, network: bool) -> None:
    refused = frozenset(event for event, of_network in CALLS.items() if not (of_network and network))

    def hook(event: str, _arguments: object) -> None:
        if event in refused:
            raise PermissionError(f"a plugin in a process of its own may not {event}")

    sys.addaudithook(hook)
