"""Who of the staff acted: a sign that tells people apart, and can be cut off from the person.

Names are not kept anywhere, so what somebody of the staff does is recorded under a random sign. One table
says which LMS account has which sign; without its row the record still says that one person did these
things, and nobody can tell who.
"""

from __future__ import annotations

from dataclasses import dataclass

from .people import Role

COMMAND_LINE = "command line"
"""The sign of whoever runs commands on the machine."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts, as the record names them.

    :param sign: of somebody of the staff, of a token of the API (``token-…``), or ``COMMAND_LINE``.
    :param role: in which role.
    """

    sign: str
    role: Role


OPERATOR = Actor(COMMAND_LINE, Role.OPERATOR)
