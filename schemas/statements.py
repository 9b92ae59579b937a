"""xAPI statements in: a request's body becomes arrivals, or one clear error and nothing.

The busiest door, so a batch is decoded once into compiled structs; the slow way, statement by statement, is
taken only when that fails: to find which field was wrong, or because an object is no activity.
``docs/xapi.md`` says what is accepted, what each verb becomes, and what is kept.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec import UNSET, Raw

from ..core.arrival import Arrival
from ..core.errors import InvalidInput, TooLarge
from . import statement_checks as checks
from . import statement_forms as forms
from .statement_errors import Fault, from_msgspec, malformed, too_deep, wrong_form
from .statement_objects import checked_object, identity_of, type_of_object
from .statement_values import minutes_of, moment, share, within_reason
from .verbs import VOIDED, kind_of

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may bring.

    :param body: bytes of the body.
    :param statements: statements in a batch.
    :param depth: levels of nesting in the value of one extension.
    """

    body: int = 5 * MEBIBYTE
    statements: int = 1000
    depth: int = 32


_batch = msgspec.json.Decoder(list[forms.Statement])
_single = msgspec.json.Decoder(forms.Statement)
_other = msgspec.json.Decoder(forms.OtherStatement)
_raws = msgspec.json.Decoder(list[Raw])
_encode = msgspec.json.Encoder().encode

_QUESTION_TYPES = frozenset(
    {
        "http://adlnet.gov/expapi/activities/cmi.interaction",
        "http://adlnet.gov/expapi/activities/interaction",
        "http://adlnet.gov/expapi/activities/question",
        "http://activitystrea.ms/schema/1.0/question",
        "http://activitystrea.ms/schema/1.0/review#slot",  # a slot of a quiz, as Moodle names it
    }
)

_UUID = re.compile(forms.UUID)


def read_batch(
    body: bytes,
    *,
    now: datetime,
    limits: Limits = Limits(),
    version: str = "1.0.3",
    attached: frozenset[str] = frozenset(),
) -> list[Arrival]:
    """One statement or an array of them; all are valid, or none is taken.

    :param now: when the statements arrived, timezone-aware; it is the time of those that name none.
    :param version: the request's version of xAPI, ``1.0.x`` or ``2.0.0``.
    :param attached: SHA-2 sums, lower case, of the files that came with the statements.
    :returns: in the order of the statements; those without an id got one.
    :raises InvalidInput: with ``where`` such as ``[3].actor.account.name``.
    :raises TooLarge: for too long a body, too many statements, or one nested too deeply.
    """
    rules = _rules(body, limits, version, attached)
    is_batch = body.lstrip()[:1] == b"["
    arrivals = []
    ids: dict[str, int] = {}
    with _faults_as_errors():
        statements = _decode(body, is_batch, limits)
        fresh = _fresh_ids(len(statements))
        for n, statement in enumerate(statements):
            try:
                arrival = _arrival(statement, now, rules, fresh[n])
                if ids.setdefault(arrival.id, n) != n:
                    raise Fault(
                        ".id", f"Statement {ids[arrival.id]} has the same id.", "Give each its own id."
                    )
            except Fault as fault:
                raise fault.within(f"[{n}]" if is_batch else "") from None
            arrivals.append(arrival)
    return arrivals


def read_one(
    body: bytes,
    *,
    statement_id: str,
    now: datetime,
    limits: Limits = Limits(),
    version: str = "1.0.3",
    attached: frozenset[str] = frozenset(),
) -> Arrival:
    """The one statement that is put under an id; as ``read_batch`` otherwise.

    :raises InvalidInput: also when the statement has another id.
    """
    rules = _rules(body, limits, version, attached)
    with _faults_as_errors():
        statement = _decode(body, False, limits)[0]
        if statement.id and statement.id.lower() != statement_id:
            raise Fault(
                ".id",
                f"The statement's id is not {statement_id}.",
                "Send the same id, or leave it out of the body.",
            )
        return _arrival(statement, now, rules, statement_id)


def read_id(value: str, where: str) -> str:
    """A statement's id as it stands in an address; lower case.

    :raises InvalidInput: when it is not a UUID.
    """
    if not _UUID.match(value):
        raise wrong_form(where, value, forms.UUID).as_error()
    return value.lower()


@contextmanager
def _faults_as_errors() -> Iterator[None]:
    try:
        yield
    except Fault as fault:
        raise fault.as_error() from None
    except RecursionError:
        raise too_deep().as_error() from None
    except msgspec.DecodeError as error:
        raise malformed(error).as_error() from None


def _rules(body: bytes, limits: Limits, version: str, attached: frozenset[str]) -> checks.Rules:
    if len(body) > limits.body:
        raise TooLarge(f"The body has more than {limits.body} bytes.", "Send fewer statements at a time.")
    if not body.strip():
        raise InvalidInput("The body is empty.", "Send one statement or an array of statements.")
    try:
        body.decode()  # what is skipped while decoding is not checked for this
    except UnicodeDecodeError as error:
        raise malformed(error).as_error() from None
    return checks.Rules(version_2=version.startswith("2."), depth=limits.depth, attached=attached)


# --- decoding -------------------------------------------------------------------------------------


def _decode(body: bytes, is_batch: bool, limits: Limits) -> Sequence[forms.AnyStatement]:
    statements: Sequence[forms.AnyStatement]
    try:
        statements = _batch.decode(body) if is_batch else [_single.decode(body)]
    except msgspec.ValidationError:
        statements = _decode_one_by_one(body, is_batch, limits)
    if len(statements) > limits.statements:
        raise _too_many(limits)
    return statements


def _decode_one_by_one(body: bytes, is_batch: bool, limits: Limits) -> list[forms.AnyStatement]:
    parts = _raws.decode(body) if is_batch else [msgspec.json.decode(body, type=Raw)]
    if len(parts) > limits.statements:
        raise _too_many(limits)
    statements = []
    for n, part in enumerate(parts):
        try:
            statements.append(_decode_one(part))
        except Fault as fault:
            raise fault.within(f"[{n}]" if is_batch else "") from None
    return statements


def _too_many(limits: Limits) -> Fault:
    return Fault(
        "", f"There are more than {limits.statements} statements.", "Send fewer at a time.", too_large=True
    )


def _decode_one(part: Raw) -> forms.AnyStatement:
    try:
        object_type = type_of_object(part)
    except msgspec.ValidationError:
        object_type = "Activity"  # decoding it as such names what is wrong
    try:
        return _single.decode(part) if object_type == "Activity" else _other.decode(part)
    except msgspec.ValidationError as error:
        raise from_msgspec(error, part) from None


# --- reducing -------------------------------------------------------------------------------------


def _fresh_ids(count: int) -> list[str]:
    """Random version 4 UUIDs; one call for a whole batch costs a fraction of ``uuid4`` for each."""
    digits = secrets.token_hex(16 * count)
    return [
        f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) & 3]}{h[17:20]}-{h[20:]}"
        for h in (digits[i : i + 32] for i in range(0, 32 * count, 32))
    ]


def _arrival(statement: forms.AnyStatement, now: datetime, rules: checks.Rules, fresh_id: str) -> Arrival:
    checks.clause(statement, rules)
    object_ids: tuple[str, ...] = ()
    item = ""
    if isinstance(statement, forms.Statement):
        what = statement.object
        try:
            checks.activity(what)
        except Fault as fault:
            raise fault.within(".object") from None
        if statement.verb.id == VOIDED:
            raise Fault(".object", "Only a statement can be voided.", "Send a StatementRef as the object.")
        object_ids = (what.id,)
        definition = what.definition
        if definition is not UNSET and (
            definition.type in _QUESTION_TYPES or definition.interaction_type is not UNSET
        ):
            item = what.id
    elif isinstance(statement, forms.OtherStatement):
        statement.object = checked_object(statement, statement.object, rules)
    if statement.authority is not UNSET:
        try:
            checks.actor(statement.authority)
        except Fault as fault:
            raise fault.within(".authority") from None

    at = now
    if statement.timestamp is not UNSET:
        at = within_reason(moment(statement.timestamp, strict=rules.version_2), now)
    context = statement.context
    if context is not UNSET and context.context_activities is not UNSET:
        around = context.context_activities
        for kind in (around.parent, around.grouping):
            if isinstance(kind, list):  # ``clause`` made a list of a single one
                object_ids += tuple([one.id for one in kind])

    success = score = minutes = None
    result = statement.result
    if result is not UNSET:
        if result.success is not UNSET:
            success = result.success
        if result.score is not UNSET:
            score = share(result.score)
        if result.duration is not UNSET:
            minutes = minutes_of(result.duration)

    who = identity_of(statement.actor)
    statement.id = statement.id.lower() or fresh_id
    statement.stored = statement.authority = statement.version = UNSET
    checks.minimise(statement, rules)
    return Arrival(
        id=statement.id,
        identity=who,
        kind=kind_of(statement.verb.id),
        at=at,
        object_ids=object_ids,
        raw=_encode(statement),
        item=item,
        success=success,
        score=score,
        minutes=minutes,
    )


__all__ = ["Limits", "read_batch", "read_id", "read_one"]
