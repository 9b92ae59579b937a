"""How long the tool takes to start, with all plugins that ship with it, each time in a new process.

What is waited for is what ``stifinder serve`` does until it can answer: the interpreter, the imports, the
plugins, and the application; on a migrated database without people. ``lti_tool`` is reached by its command
line's names alone, in the new process.
"""

from __future__ import annotations

import os
import statistics
import subprocess  # nosec B404 # of this very interpreter
import sys
import tempfile
import time

from .suite import Options, Row

TIMES = 7
PROGRAMS = {
    "import stifinder": ("import stifinder", ""),
    "import and start of the application": (
        "from stifinder.core.starting import starting\n"
        "with starting():\n"
        "    import os\n"
        "    from stifinder.core.service import Core\n"
        "    from stifinder.core.settings import Settings\n"
        "    core = Core.open(Settings.read(os.environ))\n"
        "    from stifinder.lti_tool.app import create_app\n"
        "    create_app(core)\n"
        "    os._exit(0)\n",
        "; target: under 1500 ms",
    ),
}
MIGRATE = (
    "import os; from stifinder.core.service import Core; from stifinder.core.settings import Settings; "
    "core = Core.open(Settings.read(os.environ)); core.migrate(); core.close()"
)


def run(options: Options) -> list[Row]:
    """Start each program some times."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="stifinder-bench-") as folder:
        environ = {**os.environ, "STIFINDER_DATA_DIR": folder, "DATABASE_URL": "", "OMP_NUM_THREADS": "1"}
        _seconds(MIGRATE, environ)
        for name, (program, target) in PROGRAMS.items():
            options.say(name)
            costs = [_seconds(program, environ) * 1000 for _ in range(TIMES)]
            value = statistics.median(costs)
            rows.append(
                Row(
                    "new process",
                    f"{name} (ms, median of {TIMES})",
                    "the host",
                    True,
                    value,
                    source=f"measured here{target}",
                )
            )
            rows.append(Row("new process", f"{name} (ms, slowest)", "the host", True, max(costs)))
    return rows


def _seconds(program: str, environ: dict[str, str]) -> float:
    started = time.perf_counter()
    command = [sys.executable, "-c", program]
    subprocess.run(command, env=environ, cwd=environ["STIFINDER_DATA_DIR"], check=True)  # noqa: S603  # nosec B603
    return time.perf_counter() - started
