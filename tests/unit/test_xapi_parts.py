"""Statements that come with files: the parts are told apart, and the files are what they say they are."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stifinder.core.errors import InvalidInput
from stifinder.schemas.statement_parts import read_parts
from stifinder.schemas.statements import read_batch

TYPE = 'multipart/mixed; boundary="=edge="'
FILE = b"a certificate\r\n\r\n--not the edge\r\n"
SUM = hashlib.sha256(FILE).hexdigest()
STATEMENT = {
    "actor": {"mbox": "mailto:learner-1@example.org"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "https://lms.example.org/course/1"},
    "attachments": [
        {
            "usageType": "https://example.org/certificate",
            "display": {"en": "Certificate"},
            "contentType": "text/plain",
            "length": len(FILE),
            "sha2": SUM,
        }
    ],
}


def body(statement_type: str = "application/json", said: str = SUM, file: bytes = FILE) -> bytes:
    json_part = f"Content-Type: {statement_type}\r\n\r\n{json.dumps(STATEMENT)}".encode()
    head = f"Content-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: {said}"
    return b"".join(
        (
            b"--=edge=\r\n",
            json_part,
            b"\r\n--=edge=\r\n",
            head.encode(),
            b"\r\n\r\n",
            file,
            b"\r\n--=edge=--\r\n",
        )
    )


def test_a_statement_with_its_file_is_read() -> None:
    statements, attached = read_parts(TYPE, body())
    assert json.loads(statements) == STATEMENT
    assert attached == {SUM}
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert len(read_batch(statements, now=now, attached=attached)) == 1
    with pytest.raises(InvalidInput, match="fileUrl"):
        read_batch(statements, now=now)


@pytest.mark.parametrize(
    ("content_type", "sent"),
    [
        ("multipart/mixed", body()),
        (TYPE, b""),
        (TYPE, body()[:-10]),
        (TYPE, body("text/plain")),
        (TYPE, body(said="")),
        (TYPE, body(file=b"something else")),
        (TYPE, b"--=edge=\r\nno empty line\r\n--=edge=--"),
    ],
)
def test_a_broken_body_is_refused(content_type: str, sent: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_parts(content_type, sent)


@settings(deadline=None)
@given(st.text(max_size=40), st.binary(max_size=80))
def test_arbitrary_parts_are_read_or_refused(content_type: str, sent: bytes) -> None:
    for edge in (b"", b"--=edge=\r\n", b"--=edge=\r\n\r\n\r\n"):
        for header in (content_type.replace("\n", " ").replace("\r", " "), TYPE):
            try:
                read_parts(header, edge + sent + b"\r\n--=edge=--")
            except InvalidInput as refusal:
                assert refusal.cure  # noqa: PT017
