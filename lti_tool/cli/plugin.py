"""``stifinder plugin``: write a plugin of one's own, and check one."""

from __future__ import annotations

import click

from .plugin_check import check
from .plugin_new import new


@click.group()
def plugin() -> None:
    """Write a plugin of your own, and check that it keeps its promises."""


plugin.add_command(new)
plugin.add_command(check)
