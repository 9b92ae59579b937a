"""How the same person is recognised in a launch and in a statement, without keeping who it is.

A canonical identity string names one inverse functional identifier of xAPI (Statement data model, section
"Inverse Functional Identifier"): ``account|<homePage>|<name>``, ``mbox_sha1sum|<hex>`` or ``openid|<uri>``.
What is stored is its keyed digest.
"""

from __future__ import annotations

import hashlib
import hmac


def account(home_page: str, name: str) -> str:
    """An account on a system; a trailing slash of the home page does not matter."""
    return f"account|{home_page.rstrip('/')}|{name}"


def mbox(address: str) -> str:
    """An e-mail address (with or without ``mailto:``), as its xAPI ``mbox_sha1sum``."""
    uri = address if address.startswith("mailto:") else f"mailto:{address}"
    return mbox_sha1sum(hashlib.sha1(uri.encode(), usedforsecurity=False).hexdigest())


def mbox_sha1sum(digest: str) -> str:
    """A hashed e-mail address."""
    return f"mbox_sha1sum|{digest.lower()}"


def openid(uri: str) -> str:
    """An OpenID."""
    return f"openid|{uri}"


def digest(secret: bytes, tenant_id: str, identity: str) -> str:
    """The keyed digest an identity is stored under: useless without the secret, different per tenant."""
    return hmac.digest(secret, f"{tenant_id}\n{identity}".encode(), "sha256").hex()
