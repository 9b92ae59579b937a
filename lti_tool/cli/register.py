"""``stifinder register``: make an LMS known, see which are, take one away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ...core.errors import InvalidInput
from ...core.store import joining, tool_keys
from ...core.store import lti as store
from ...schemas.lti_products import product_of
from ...schemas.lti_registration import load_registration
from . import Tool, the_tenant

if TYPE_CHECKING:
    from ...core.service import Core

EXAMPLE = """
First run it without options: it prints the addresses to paste into the LMS. The LMS then shows what to
paste here:

\b
  stifinder register --tenant acme \\
    --issuer https://lms.example.com \\
    --client-id RbkJHdkHr6FTZFe --deployment 1 \\
    --auth-login-url https://lms.example.com/mod/lti/auth.php \\
    --auth-token-url https://lms.example.com/mod/lti/token.php \\
    --key-set-url https://lms.example.com/mod/lti/certs.php \\
    --product Moodle

These are Moodle's paths; it shows them under "Tool configuration details". The same command again brings a
registration up to date; another --deployment adds one.
"""


@click.command(
    help=f"Register an LMS (LTI 1.3), so that it can launch Stifinder.\n\n{EXAMPLE}",
    short_help="Register an LMS, or list and remove registrations.",
)
@click.option(
    "--tenant", metavar="NAME", help="The organisation: small letters, digits, hyphens. Made if new."
)
@click.option("--issuer", metavar="URL", help="Platform ID (issuer), letter by letter as the LMS shows it.")
@click.option("--client-id", metavar="ID", help="Client ID that the LMS gave this tool.")
@click.option("--deployment", metavar="ID", multiple=True, help="Deployment ID; repeat it for several.")
@click.option("--auth-login-url", metavar="URL", help="Authentication request URL of the LMS.")
@click.option("--auth-token-url", metavar="URL", default="", help="Access token URL of the LMS.")
@click.option("--key-set-url", metavar="URL", help="Public key set URL (JWKS) of the LMS.")
@click.option(
    "--product", metavar="NAME", default="", help="Moodle, Docebo, Canvas, Brightspace, Blackboard ..."
)
@click.option(
    "--site", metavar="URL", default="", help="The LMS's address; with --product gives known addresses."
)
@click.option("--list", "show", is_flag=True, help="List registrations (of --tenant, or all).")
@click.option("--remove", metavar="REGISTRATION", help="Remove the registration of this id (see --list).")
@click.option("--approve", metavar="REGISTRATION", help="Let a registration that waits launch (see --list).")
@click.pass_obj
def register(tool: Tool, /, show: bool, remove: str | None, approve: str | None, **given: Any) -> None:
    """Register an LMS; ``given`` holds the options of a registration."""
    core = tool.core()
    core.database.require_migrated()
    if show:
        _list(core, given["tenant"] or "")
    elif remove:
        gone = store.remove(core.database, remove)
        click.echo(f"Removed deployment {gone.deployment_id} of {gone.issuer} (tenant {gone.tenant_id}).")
    elif approve:
        entry = joining.approve(core.database, approve, the_tenant(core, given["tenant"]))
        click.echo(f"Approved {entry.issuer} for the tenant {entry.tenant_id}; it can open the tool now.")
    elif given["product"] and not given["client_id"]:
        _steps(core, given)
    elif any(value for name, value in given.items() if name != "tenant"):
        _register(core, given)
    else:
        click.echo("Paste these addresses into the LMS, then register what it shows (see --help):\n")
        _addresses(core)


def _steps(core: Core, given: dict[str, Any]) -> None:
    """What to click in a product, and what is known of its addresses."""
    product = product_of(given["product"])
    click.echo(f"{product.name}:")
    for number, step in enumerate(product.clicks, 1):
        click.echo(f"  {number}. {step}")
    click.echo("\nThe tool's addresses:\n")
    _addresses(core)
    click.echo("\nKnown addresses of the LMS; what the LMS shows counts:\n")
    for name, address in product.endpoints(given["site"]).items():
        click.echo(f"  --{name.replace('_', '-'):16}{address or '(the LMS shows it)'}")
    if not product.measured:
        click.echo("\nThese come from the maker's documentation and were not tried here.")


def _register(core: Core, given: dict[str, Any]) -> None:
    product = product_of(given["product"])
    for name, address in product.endpoints(given.pop("site") or given["issuer"] or "").items():
        given[name] = given[name] or address
    given["product"] = product.name
    missing = [
        f"--{name.replace('_', '-')}"
        for name in ("tenant", "issuer", "client_id", "deployment", "auth_login_url", "key_set_url")
        if not given[name]
    ]
    if missing:
        raise InvalidInput(
            f"Missing: {', '.join(missing)}.",
            "`stifinder register --help` shows an example with all of them.",
        )
    given["deployments"] = list(given.pop("deployment"))
    try:
        values = load_registration(given)
    except InvalidInput as error:
        option = "--" + error.where.replace("deployments", "deployment").replace("_", "-")
        raise InvalidInput(error.what.removeprefix(f"{error.where}: "), error.cure, where=option) from error
    now = core.clock()
    tool_keys.signing_key(
        core.database, core.secrets, now
    )  # a wrong master key shows here, not at the first launch
    deployments, tenant = values.pop("deployments"), values.pop("tenant")
    entries = [store.Registration(tenant_id=tenant, deployment_id=each, **values) for each in deployments]
    made, stored = store.register(core.database, entries, now)
    if made:
        click.echo(f"Made the tenant {tenant}.")
    for entry, new in stored:
        done = "Registered" if new else "Brought up to date"
        click.echo(f"{done}: deployment {entry.deployment_id} of {entry.issuer} ({entry.id}).")
    click.echo("\nThe LMS needs these addresses:\n")
    _addresses(core)


def _addresses(core: Core) -> None:
    base = core.settings.base_url
    for name, path in (
        ("Tool URL", "/"),
        ("Initiate login URL", "/lti/login"),
        ("Redirection URI", "/lti/launch"),
        ("Public keyset URL", "/lti/jwks"),
    ):
        click.echo(f"  {name + ':':20}{base}{path}")


def _list(core: Core, tenant: str) -> None:
    entries = store.registrations(core.database, tenant)
    if not entries:
        click.echo("No LMS is registered. `stifinder register --help` shows how.")
    for entry in entries:
        click.echo(
            f"{entry.id}  {_whose(entry)}\n"
            f"  {entry.product or 'LMS'} {entry.issuer}, client {entry.client_id}, "
            f"deployment {entry.deployment_id or '(the first launch tells it)'}"
        )


def _whose(entry: store.Registration) -> str:
    if entry.status == store.PENDING:
        return f"waits for a yes: stifinder register --approve {entry.id} --tenant NAME"
    return f"tenant {entry.tenant_id}"
