"""Messages between us and a plugin's process: on the way there pickled, on the way back never.

Pickled bytes can run code in whoever reads them. The child reads ours, whom it belongs to; what the child
sends is read as data of one type that is known before, by ``msgspec``.
"""

from __future__ import annotations

import copyreg
import io
import pickle  # nosec B403 # only written here, and read by the child
import socket
import struct
import time
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any

import msgspec

from ..catalogue import Catalogue

LARGEST = 32 * 1024 * 1024
"""Bytes of one message from the child."""
_SIZE = struct.Struct("!I")
Frame = tuple[str, int, str]
Key = tuple[str, str]


class Gone(OSError):
    """The other process has ended, or does not keep to what was agreed."""


class Reply(msgspec.Struct, array_like=True):
    """What the child sends: an answer, or where it failed.

    :param error: name of the exception's type; "" when there is an answer.
    :param frames: (file, line, function), outermost first; neither message nor values of the exception.
    """

    answer: msgspec.Raw = msgspec.Raw(b"\xc0")
    error: str = ""
    frames: list[Frame] = []


def send(link: socket.socket, data: bytes, until: float | None = None) -> None:
    """Send one message, by ``time.monotonic()`` = ``until`` if it is given.

    :raises TimeoutError: when that is over; the link is of no use then.
    """
    link.settimeout(None if until is None else max(0.001, until - time.monotonic()))
    link.sendall(_SIZE.pack(len(data)) + data)


def receive(link: socket.socket, until: float | None = None) -> bytes:
    """Read one message.

    :raises Gone: when the other side closed, or its message is too large.
    :raises TimeoutError: when ``until`` is over.
    """
    (size,) = _SIZE.unpack(_exactly(link, _SIZE.size, until))
    if size > LARGEST:
        raise Gone(f"a message of {size} bytes")
    return _exactly(link, size, until)


def _exactly(link: socket.socket, size: int, until: float | None) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        link.settimeout(None if until is None else max(0.001, until - time.monotonic()))
        part = link.recv(min(1 << 20, size - len(parts)))
        if not part:
            raise Gone("closed")
        parts += part
    return bytes(parts)


# --- there ---


def _whole(catalogue: Catalogue) -> tuple[Any, ...]:
    return Catalogue, (
        catalogue.tenant_id,
        catalogue.version,
        catalogue.activities,
        dict(catalogue.skills),
    )


def _known(catalogue: Catalogue) -> tuple[Any, ...]:
    from .child import known_catalogue

    return known_catalogue, (catalogue.tenant_id, catalogue.version)


def _plain(mapping: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    return dict, (dict(mapping),)


def packed(message: object, *, whole: bool = False) -> bytes:
    """A message for the child.

    :param whole: take catalogues along; else they are named, and the child has them.
    """
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol=pickle.HIGHEST_PROTOCOL)
    table: dict[type, Callable[[Any], Any]] = {
        **copyreg.dispatch_table,
        Catalogue: _whole if whole else _known,
        MappingProxyType: _plain,
    }
    pickler.dispatch_table = table
    pickler.dump(message)
    return stream.getvalue()


# --- back ---


def _simple(value: object) -> object:
    """Numbers of libraries and mappings of other kinds, as plain ones."""
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(type(value).__name__)


def written(value: object) -> bytes:
    """An answer as the child sends it."""
    return msgspec.msgpack.encode(value, enc_hook=_simple)
