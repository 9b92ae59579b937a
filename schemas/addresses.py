"""Web addresses that others send or type: which are safe to call, and which are the tool's own."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from ..core.settings import LOOPBACK


@lru_cache(1024)
def origin(address: str) -> str:
    """Scheme, host and, unless it is the scheme's usual one, port: ``https://lms.example.com``.

    :raises ValueError: when it is no http(s) address, or hides something before an ``@``.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError(f"no web address: {address!r}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, usual) else "")


def is_safe_address(address: str) -> bool:
    """Whether it is https, or http on this machine itself (for development)."""
    try:
        origin(address)
    except ValueError:
        return False
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in LOOPBACK


def is_within(address: str, base_url: str) -> bool:
    """Whether an address lies within the tool: same origin, and under the path of ``base_url``."""
    try:
        if origin(address) != origin(base_url):
            return False
    except ValueError:
        return False
    path, base = urlsplit(address).path, urlsplit(base_url).path.rstrip("/")
    climbs = ".." in path.split("/") or "\\" in address or "%2e" in path.lower()
    return not climbs and (path == base or path.startswith(f"{base}/"))
