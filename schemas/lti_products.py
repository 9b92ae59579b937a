"""What differs between LMSs when the tool is registered by hand: addresses, and what to click.

``measured`` says whether the addresses were seen on a running site of the product; the others are taken from
makers' documentation and must be compared with what the LMS shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from ..core.proposals import message


@dataclass(frozen=True, slots=True)
class Product:
    """One LMS product.

    :param key: its ``product_family_code``, in small letters.
    :param issuer, login, token, keys: templates of addresses: ``{site}`` stands for the LMS's own address, ""
        for an address that only the LMS can tell.
    :param clicks: the way to the place where tools are added, then what to do there.
    :param after: what is left to do in the LMS after a dynamic registration; "" when nothing is.
    :param dynamic: whether it has dynamic registration that works with this tool.
    """

    key: str
    name: str
    issuer: str = ""
    login: str = ""
    token: str = ""
    keys: str = ""
    clicks: tuple[str, ...] = ()
    after: str = ""
    dynamic: bool = False
    measured: bool = False

    def endpoints(self, site: str) -> dict[str, str]:
        """The addresses at a site, by the names of a registration; "" where the site is needed and missing.

        :param site: ``https://lms.example.com``, or only the host.
        """
        base = _base(site)
        named = {
            "issuer": self.issuer,
            "auth_login_url": self.login,
            "auth_token_url": self.token,
            "key_set_url": self.keys,
        }
        return {
            name: "" if "{site}" in template and not base else template.replace("{site}", base)
            for name, template in named.items()
        }


def _base(site: str) -> str:
    site = site.strip().rstrip("/")
    if not site:
        return ""
    address = site if "://" in site else f"https://{site}"
    return address if urlsplit(address).netloc else ""


_PASTE = message("Paste the tool's four addresses, and the key set address as public key.")
_COPY = message("Save, and copy what the LMS then shows into the form below.")

_ALL = (
    Product(
        "moodle",
        "Moodle",
        "{site}",
        "{site}/mod/lti/auth.php",
        "{site}/mod/lti/token.php",
        "{site}/mod/lti/certs.php",
        (
            message("Site administration, Plugins, Activity modules, External tool, Manage tools."),
            message("Choose “configure a tool manually”, LTI version 1.3, public key type “Keyset URL”."),
            _PASTE,
            message("Privacy: never share name and e-mail. Services: use grades and names as you need them."),
            message("Save; the magnifying glass on the tool's card shows what to copy into the form below."),
        ),
        message(
            "In Moodle, under Manage tools, activate the tool that is now pending, and show it in the "
            "activity chooser."
        ),
        dynamic=True,
        measured=True,
    ),
    Product(
        "docebo",
        "Docebo",
        "{site}",
        "",
        "{site}/learn/v1/lti/advantage/tokens",
        "",
        (
            message("Central repository, new training material, LTI, version 1.3."),
            _PASTE,
            message("Docebo gives a client ID and a deployment ID, both small whole numbers: copy both."),
            _COPY,
        ),
    ),
    Product(
        "canvas",
        "Canvas",
        "https://canvas.instructure.com",
        "https://sso.canvaslms.com/api/lti/authorize_redirect",
        "https://sso.canvaslms.com/login/oauth2/token",
        "https://sso.canvaslms.com/api/lti/security/jwks",
        (
            message("Admin, Developer Keys, add an LTI key, method “Manual entry”."),
            _PASTE,
            message("Switch the key on; the number under “Details” is the client ID."),
            message("Settings, Apps, add the app by that client ID; its menu shows the deployment ID."),
        ),
    ),
    Product(
        "brightspace",
        "Brightspace",
        "{site}",
        "{site}/d2l/lti/authenticate",
        "https://auth.brightspace.com/core/connect/token",
        "{site}/d2l/.well-known/jwks",
        (
            message("Admin tools, Manage Extensibility, LTI Advantage, Register tool, Standard."),
            _PASTE,
            message("Brightspace shows its own addresses and the client ID: copy them into the form below."),
            message("Make a deployment of the tool; its ID is the deployment ID."),
        ),
    ),
    Product(
        "blackboard",
        "Blackboard",
        "https://blackboard.com",
        "https://developer.blackboard.com/api/v1/gateway/oidcauth",
        "https://developer.blackboard.com/api/v1/gateway/oauth2/jwttoken",
        "",
        (
            message("Register the tool at developer.blackboard.com with its four addresses."),
            message("Its client ID there also ends the key set address that is shown: copy both."),
            message("Blackboard: Administrator panel, LTI Tool Providers, register by that client ID."),
            message("The page of the tool then shows the deployment ID."),
        ),
    ),
    Product(
        "sakai",
        "Sakai",
        "{site}",
        "{site}/imsoidc/lti13/oidc_auth",
        "{site}/imsblis/lti13/token",
        "{site}/imsblis/lti13/keyset",
        (
            message("Administration workspace, External Tools, install an LTI 1.3 tool."),
            _PASTE,
            _COPY,
        ),
        message("In Sakai, save the tool that was made, and allow it in the sites that need it."),
        dynamic=True,
    ),
    Product(
        "openedx",
        "Open edX",
        "{site}",
        "",
        "",
        "",
        (
            message("In Studio, add “lti_consumer” to the advanced modules, then an LTI Consumer component."),
            message("Choose LTI 1.3, and paste the tool's addresses."),
            message(
                "Save; the component in Studio shows client ID, deployment ID and the addresses to copy."
            ),
        ),
    ),
)

PRODUCTS: Mapping[str, Product] = MappingProxyType({product.key: product for product in _ALL})
"""Products by key."""


def product_of(name: str) -> Product:
    """The product of this name or ``product_family_code``; one without presets when it is not known."""
    wanted = name.strip().lower()
    for product in _ALL:
        if wanted in (product.key, product.name.lower()):
            return product
    return Product("" if not wanted else name.strip(), name.strip(), clicks=(_PASTE, _COPY))
