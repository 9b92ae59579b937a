"""Which addresses may be called: a table of those that may not, and what the settings open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stifinder.core.errors import InvalidInput
from stifinder.core.outgoing_policy import Policy

HOST = "lms.example.com"

SPECIAL = {
    "0.0.0.0": "nobody",
    "0.1.2.3": "nobody",
    "::": "nobody",
    "224.0.0.1": "nobody",
    "239.255.255.250": "nobody",
    "255.255.255.255": "nobody",
    "ff02::1": "nobody",
    "127.0.0.1": "this machine",
    "127.255.255.254": "this machine",
    "::1": "this machine",
    "10.0.0.1": "private",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.1.1": "private",
    "100.64.0.1": "private",
    "100.127.255.255": "private",
    "fc00::1": "private",
    "fd12:3456::1": "private",
    "169.254.169.254": "link-local",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fec0::1": "link-local",
    "::ffff:127.0.0.1": "IPv4 address inside",
    "::ffff:93.184.216.34": "IPv4 address inside",
    "64:ff9b::7f00:1": "IPv4 address inside",
    "64:ff9b::5db8:d822": "IPv4 address inside",
    "64:ff9b:1::1": "IPv4 address inside",
    "2002:7f00:1::1": "IPv4 address inside",
    "2002:5db8:d822::1": "IPv4 address inside",
    "2001::1": "IPv4 address inside",
    "::127.0.0.1": "reserved",
    "::5db8:d822": "reserved",
    "192.0.0.1": "reserved",
    "192.0.2.1": "reserved",
    "192.88.99.1": "reserved",
    "198.18.0.1": "reserved",
    "198.19.255.255": "reserved",
    "198.51.100.1": "reserved",
    "203.0.113.1": "reserved",
    "240.0.0.1": "reserved",
    "100::1": "reserved",
    "2001:db8::1": "reserved",
    "3fff::1": "reserved",
    "5f00::1": "reserved",
    "4000::1": "reserved",
}
PUBLIC = ("93.184.216.34", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:2800:21f::1")


@pytest.mark.parametrize(("address", "words"), SPECIAL.items())
def test_an_address_that_is_not_public_is_refused_with_what_it_is(address: str, words: str) -> None:
    assert words in Policy().refusal(HOST, address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_called(address: str) -> None:
    assert Policy().refusal(HOST, address) == ""


@given(st.integers(0, 2**32 - 1))
def test_no_ipv4_address_can_be_smuggled_in_inside_an_ipv6_one(number: int) -> None:
    low = f"{number >> 16:x}:{number & 0xFFFF:x}"
    for text in (f"::{low}", f"::ffff:{low}", f"64:ff9b::{low}", f"2002:{low}::1", f"2001:0:{low}::"):
        assert Policy().refusal(HOST, text)


@given(st.ip_addresses())
def test_what_python_does_not_call_global_is_always_refused(address: object) -> None:
    if not address.is_global or address.is_multicast:  # type: ignore[attr-defined]
        assert Policy().refusal(HOST, str(address))


def test_a_host_that_is_allowed_may_be_private_but_nothing_else() -> None:
    policy = Policy.of(["LMS.Intern."])
    opened = {address for address in SPECIAL if not policy.refusal("lms.intern", address)}
    assert opened == {address for address, words in SPECIAL.items() if words == "private"}
    assert policy.refusal("other.intern", "10.0.0.1")
    assert policy.refusal("lms.intern.example.com", "10.0.0.1")


def test_a_network_that_is_allowed_may_be_called_by_any_name_but_not_the_next() -> None:
    policy = Policy.of(["10.20.0.0/16", "127.0.0.1"])
    assert policy.refusal(HOST, "10.20.30.40") == ""
    assert policy.refusal(HOST, "127.0.0.1") == ""
    assert policy.refusal(HOST, "10.21.0.1")
    assert policy.refusal(HOST, "127.0.0.2")


def test_behind_nat64_the_address_inside_still_counts() -> None:
    policy = Policy.of(["64:ff9b::/96"])
    assert policy.refusal(HOST, "64:ff9b::5db8:d822") == ""
    assert "this machine" in policy.refusal(HOST, "64:ff9b::7f00:1")


def test_no_setting_opens_addresses_where_nobody_is() -> None:
    policy = Policy.of(["0.0.0.0/0", "::/0"], development=True)
    closed = {address for address in SPECIAL if policy.refusal(HOST, address)}
    assert {address for address, words in SPECIAL.items() if words == "nobody"} <= closed


def test_in_development_this_machine_may_be_called_without_https_but_no_other() -> None:
    policy = Policy.of(development=True)
    opened = {address for address in SPECIAL if not policy.refusal(HOST, address)}
    assert opened == {address for address, words in SPECIAL.items() if words == "this machine"}
    assert all(policy.allows_plain(host) for host in ("localhost", "lms.localhost", "127.0.0.1", "::1"))
    assert not any(policy.allows_plain(host) for host in (HOST, "10.0.0.1", "localhost.example.com"))
    assert not Policy().allows_plain("localhost")


@pytest.mark.parametrize(
    "entry", ["10.0.0.5/8", "http://lms.intern", "lms.intern:443", "10.0.0", "*", "a b", "-x"]
)
def test_an_entry_that_is_neither_host_nor_network_is_named(entry: str) -> None:
    with pytest.raises(InvalidInput, match="neither a host name nor a network"):
        Policy.of([entry])
