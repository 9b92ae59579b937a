"""What a launch of the sandbox says beyond who, where and in which course."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from . import tools


@dataclass(frozen=True, slots=True)
class Message:
    """What a message says beyond who, where and in which course.

    :param kind: its type, as the sandbox's configuration lists them.
    :param address: ``target_link_uri``; "" for the redirect address.
    :param link_id, title: of the resource link; "" for none.
    :param custom: parameters of the link; they win over those of the tool.
    :param line_items, line_item, members, groups, group_sets: addresses of services; "" for none.
    :param return_url, data: where a choice of links is sent, and what it must bring along.
    :param about: id of the learner whose work is to be reviewed; "" for none.
    """

    kind: str = tools.RESOURCE_LINK
    address: str = ""
    link_id: str = ""
    title: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)
    line_items: str = ""
    line_item: str = ""
    members: str = ""
    groups: str = ""
    group_sets: str = ""
    return_url: str = ""
    data: str = ""
    about: str = ""
