"""Which addresses the tool may call when the address came from outside: public ones, and what was allowed.

Whoever names an address for us to fetch could name one of our own network, or of this machine: a database, a
router, a cloud's metadata service. So every address is judged by the number it leads to, not by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from .errors import InvalidInput

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


NEVER = _networks("0.0.0.0/8", "::/128", "224.0.0.0/4", "255.255.255.255/32", "ff00::/8")
"""Unspecified, multicast, broadcast: nothing of ours answers there, so no setting opens them."""
LOOPBACK = _networks("127.0.0.0/8", "::1/128")
PRIVATE = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Where an intranet's LMS lives: RFC 1918, carrier-grade NAT (RFC 6598), unique local (RFC 4193)."""
LINK_LOCAL = _networks("169.254.0.0/16", "fe80::/10", "fec0::/10")
"""Cloud metadata services live here."""
CARRIERS = _networks("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
"""IPv6 addresses that carry an IPv4 one inside: mapped, NAT64 (RFC 6052, 8215), 6to4, Teredo."""
RESERVED = _networks(
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
)
"""The rest of IANA's special-purpose registries (RFC 6890)."""
GLOBAL_IPV6 = _networks("2000::/3")
"""The only part of IPv6 that is given out as global unicast."""

_KINDS = (
    (NEVER, "an address that nobody can be reached at"),
    (LOOPBACK, "this machine itself"),
    (PRIVATE, "a private address"),
    (LINK_LOCAL, "a link-local address"),
    (CARRIERS, "an IPv6 address with an IPv4 address inside"),
    (RESERVED, "a reserved address"),
)

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\Z")


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def kind(address: Address) -> str:
    """What is special about an address, in words; "" for a public one."""
    for networks, words in _KINDS:
        if _within(address, networks):
            return words
    if isinstance(address, IPv6Address) and not _within(address, GLOBAL_IPV6):
        return "a reserved address"
    return "" if address.is_global else "a reserved address"


def carried(address: Address) -> IPv4Address | None:
    """The IPv4 address that a mapped, 6to4 or NAT64 (/96) address leads to in the end."""
    if not isinstance(address, IPv6Address):
        return None
    if address in CARRIERS[1]:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be called besides public addresses.

    :param hosts: names in small letters that may lead to private addresses.
    :param networks: networks that may be called by any name.
    :param development: this machine may be called, also without https.
    """

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    development: bool = False

    @classmethod
    def of(cls, allow_private: Iterable[str] = (), *, development: bool = False) -> Policy:
        """Read a list of host names, addresses and networks (``lms.intern``, ``10.1.0.0/16``).

        :raises InvalidInput: for an entry that is none of these.
        """
        hosts: set[str] = set()
        networks: list[Network] = []
        for entry in allow_private:
            name = entry.strip().lower().rstrip(".")
            try:
                networks.append(ip_network(name))
            except ValueError as error:
                if not _HOST.match(name) or name.rpartition(".")[2].isdigit():
                    raise InvalidInput(
                        f"{entry!r} is neither a host name nor a network.",
                        "Write names like lms.intern and networks like 10.1.0.0/16, without scheme and port.",
                    ) from error
                hosts.add(name)
        return cls(frozenset(hosts), tuple(networks), development)

    def refusal(self, host: str, address: str) -> str:
        """Why this address must not be called under this name, in words; "" when it may be.

        :param address: a numeric address that the name leads to, IPv6 with or without a zone.
        """
        found = ip_address(address)
        words = kind(found)
        if not words or (self.development and is_loopback(address)):
            return ""
        if _within(found, NEVER):
            return words
        if _within(found, self.networks):
            inside = carried(found)
            return self.refusal("", str(inside)) if inside else ""
        if _within(found, PRIVATE) and host.lower().rstrip(".") in self.hosts:
            return ""
        return words

    def allows_plain(self, host: str) -> bool:
        """Whether this host may be called by http: this machine by its own names, in development."""
        host = host.lower().rstrip(".")
        return self.development and (host == "localhost" or host.endswith(".localhost") or is_loopback(host))


def is_loopback(address: str) -> bool:
    """Whether a text is a numeric address of this machine."""
    try:
        return _within(ip_address(address), LOOPBACK)
    except ValueError:
        return False
