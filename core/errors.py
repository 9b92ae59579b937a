"""The one tree of errors. Every message says what was wrong, with which value, and the cure.

The HTTP border maps these once, by ``status``, to problem+json (RFC 9457) or to a page; the command line
prints ``str(error)`` and leaves with ``exit_code``.
"""

from __future__ import annotations


class StifinderError(Exception):
    """Something a person can put right.

    :param what: what was wrong, and where, with the offending value.
    :param cure: what to do about it.
    """

    status = 400
    exit_code = 2
    code = "bad-request"

    def __init__(self, what: str, cure: str = "") -> None:
        self.what = what
        self.cure = cure
        super().__init__(f"{what} {cure}".strip())


class ConfigurationError(StifinderError):
    """The set-up is wrong: a setting, a missing file, a missing migration, a port in use."""

    status = 500
    code = "configuration"


class InvalidInput(StifinderError):
    """What was sent does not have the promised form.

    :param where: the place, as a path into the input (``[3].actor.account.name``, ``line 12, column
        minutes``).
    """

    code = "invalid-input"

    def __init__(self, what: str, cure: str = "", *, where: str = "") -> None:
        self.where = where
        super().__init__(f"{where}: {what}" if where else what, cure)


class TooLarge(InvalidInput):
    """Larger, longer or deeper than the limits allow."""

    status = 413
    code = "too-large"


class Unauthorized(StifinderError):
    """No credentials, or wrong ones."""

    status = 401
    code = "unauthorized"


class Forbidden(StifinderError):
    """Known, but not allowed to do this."""

    status = 403
    code = "forbidden"


class NotFound(StifinderError):
    """No such thing in this tenant."""

    status = 404
    code = "not-found"


class Conflict(StifinderError):
    """It contradicts what is already stored."""

    status = 409
    code = "conflict"


class LaunchRefused(StifinderError):
    """An LTI launch that must not succeed.

    :param reason: the stable short name of the refusal, for logs and tests (``nonce-used``,
        ``unknown-kid`` ...).
    """

    status = 401
    code = "launch-refused"

    def __init__(self, reason: str, what: str, cure: str = "", *, status: int = 401) -> None:
        self.reason = reason
        self.status = status
        super().__init__(what, cure)


class RegistrationRefused(StifinderError):
    """An LMS that must not be, or could not be, registered.

    :param reason: the stable short name of the refusal, for logs and tests (``used-invitation``,
        ``issuer-mismatch`` ...).
    """

    code = "registration-refused"

    def __init__(self, reason: str, what: str, cure: str = "", *, status: int = 400) -> None:
        self.reason = reason
        self.status = status
        super().__init__(what, cure)


class StoreUnavailable(StifinderError):
    """The database is locked, full or gone; nothing of the attempted write was kept."""

    status = 503
    code = "store-unavailable"


class OutgoingError(StifinderError):
    """A request of ours to another server did not succeed; names the host only, never the whole address."""

    status = 502
    code = "outgoing"


class AddressRefused(OutgoingError):
    """An address that must not be called: not https, or it leads into our own network."""

    status = 400
    code = "address-refused"


class NoAnswer(OutgoingError):
    """The other server did not answer as a whole within the limits; a later try may succeed."""

    code = "no-answer"
