"""What a browser keeps for one visit: in a cookie for the visit's path, or in the LMS's page.

Cookies come first. Who was launched without any (see ``platform_storage``) has pages that keep the same
signed values, encrypted, in the storage of the LMS.
"""

from __future__ import annotations

from flask import Response, abort, request

from .cookies import flags, launch_core
from .lti import platform_storage


def keep(response: Response, name: str, value: str, path: str, max_age: int) -> None:
    """Let the browser keep a value.

    :param path: of the tool; with the name it is unique.
    :param max_age: seconds; storage in the LMS's page ends with that page, so values must say their end too.
    """
    if platform_storage.in_use():
        key = key_of(name, path)
        platform_storage.put(key, platform_storage.seal(key, value))
    else:
        response.set_cookie(name, value, max_age=max_age, **flags(launch_core().settings.base_url, path))


def kept(name: str, path: str) -> str | None:
    """The value that the browser kept, None when there is none.

    Where it is in the LMS's page and has not come along, the request ends here: its answer is the page that
    fetches it and asks again. A form of somebody else's page is not asked again.
    """
    place = platform_storage.in_use()
    if place is None:
        return request.cookies.get(name)
    key = key_of(name, path)
    if not platform_storage.asked() and (request.method != "POST" or platform_storage.from_own_page()):
        abort(platform_storage.bring_back_here(place, key))
    return platform_storage.unseal(key, platform_storage.posted())


def drop(response: Response, name: str, path: str) -> None:
    """Take a value back."""
    if platform_storage.in_use():
        platform_storage.put(key_of(name, path), "")
    else:
        response.delete_cookie(name, **flags(launch_core().settings.base_url, path))


def key_of(name: str, path: str) -> str:
    """Under which key a storage keeps what would be a cookie of this name and path."""
    return f"{name}{path}"
