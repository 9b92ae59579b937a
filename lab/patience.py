"""Plugins that the clocks of this machine do not change: for simulations and benches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..core.isolation import Isolation

PATIENCE = 30.0
"""Seconds a call may take here: a busy machine must not change what comes out."""


class Patient(Isolation):
    """Waits longer than production does, and leaves a plugin alone for good once it failed too often."""

    def __init__(self) -> None:
        super().__init__(clock=lambda: 0.0)

    def call(
        self,
        plugin: str,
        hook: str,
        function: Callable[..., Any],
        arguments: Mapping[str, Any],
        *,
        seconds: float,
        check: Callable[[Any], Any],
        noted: Callable[[str, float], None] | None = None,
    ) -> tuple[bool, Any]:
        """As ``Isolation.call``, with ``PATIENCE``."""
        longer = max(seconds, PATIENCE)
        return super().call(plugin, hook, function, arguments, seconds=longer, check=check, noted=noted)
