"""What a launch tells us: who (opaque), where, in which role and language. Names and e-mail are not kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from .people import Role


@dataclass(frozen=True, slots=True)
class Launch:
    """A verified LTI launch, reduced to what Stifinder needs.

    :param identities: canonical identity strings (see ``core.identity``). The first is the LMS account
        (``account|<issuer>|<sub>``) and alone says who this is; by the others, xAPI actors may name the
        same person.
    :param context_key: the platform's id of the course, prefixed by the issuer; "" when the launch has none.
    :param return_url: a page of the LMS; its origin and ``frame_origin``, where it logs in, may frame us.
    :param line_item: address of the link's column of grades; where the LMS names only the list of columns,
        that list's, with the link's id as fragment; "" when it is not ours to fill.
    :param accompanies: the LMS accounts of the learners whom a mentor was given, as in ``identities``.
    """

    tenant_id: str
    registration_id: str
    identities: tuple[str, ...]
    roles: frozenset[Role] = frozenset({Role.LEARNER})
    context_key: str = ""
    context_title: str = ""
    link_id: str = ""
    locale: str = "en"
    return_url: str = ""
    frame_origin: str = ""
    custom: dict[str, str] = field(default_factory=dict)
    line_item: str = ""
    accompanies: tuple[str, ...] = ()
