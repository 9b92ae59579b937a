"""A request in ``multipart/mixed``: statements first, then the files attached to them (Communication, 1.5.2).

The files are checked against their sums and then let go: Stifinder learns from what is said about them.
"""

from __future__ import annotations

import hashlib
from email.message import Message
from email.parser import BytesHeaderParser

from ..core.errors import InvalidInput

_SUMS = {56: hashlib.sha224, 64: hashlib.sha256, 96: hashlib.sha384, 128: hashlib.sha512}
_CURE = "Send application/json, or multipart/mixed after RFC 2046 with the statements as its first part."


def read_parts(content_type: str, body: bytes) -> tuple[bytes, frozenset[str]]:
    """Take a multipart body apart.

    :param content_type: the request's header, with the boundary.
    :returns: the JSON of the statements, and the SHA-2 sums (lower case) of the files.
    :raises InvalidInput: when it is not such a body, or a file does not have the sum it says.
    """
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary()
    if not boundary:
        raise InvalidInput("multipart/mixed without a boundary.", _CURE, where="Content-Type")
    sections = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("ascii", "replace"))
    if len(sections) < 3 or not sections[-1].startswith(b"--"):
        raise InvalidInput("The multipart body is cut short, or has no parts.", _CURE)
    parts = [_part(section, n) for n, section in enumerate(sections[1:-1])]
    first, statements = parts[0]
    if first.get_content_type() != "application/json":
        raise InvalidInput("The first part is not application/json.", _CURE, where="part 0")
    return statements, frozenset(_sum(*part, n) for n, part in enumerate(parts[1:], start=1))


def _part(section: bytes, n: int) -> tuple[Message, bytes]:
    head, blank, content = section.partition(b"\r\n\r\n")
    if not blank:
        raise InvalidInput("A part without an empty line after its header.", _CURE, where=f"part {n}")
    return BytesHeaderParser().parsebytes(head.lstrip()), content


def _sum(header: Message, content: bytes, n: int) -> str:
    said = str(header.get("X-Experience-API-Hash", "")).strip().lower()
    algorithm = _SUMS.get(len(said))
    if algorithm is None:
        raise InvalidInput("A file without its SHA-2 sum.", "Add X-Experience-API-Hash.", where=f"part {n}")
    if algorithm(content).hexdigest() != said:
        raise InvalidInput(
            "The file does not have the SHA-2 sum that it says.", "Send it again.", where=f"part {n}"
        )
    return said
