"""Look for known faults: bandit over the package's own code, pip-audit over the versions it runs on.

Both must find nothing. Where the service that knows of vulnerabilities cannot be reached, that is said and
counts as nothing found: who builds without the network must be able to.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
CODE = ("__init__.py", "core", "schemas", "adapters", "plugins", "lti_tool", "lab")
VERSIONS = "requirements/run.txt"
AWAY = (
    "ConnectionError",
    "Could not connect",
    "ProxyError",
    "Timeout",
    "Max retries exceeded",
    "ServiceError",
)
"""Words by which pip-audit says that it got no answer."""


def bandit() -> bool:
    """Whether bandit finds nothing; what it finds is printed."""
    command = [sys.executable, "-m", "bandit", "--quiet", "--recursive", *CODE]
    # The list is ours, and nothing of it comes from outside.
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if run.returncode == 0:
        print("bandit: nothing found.")
        return True
    # It warns of each line of a longer expression on which a justified finding is not: of no use here.
    notes = [line for line in run.stderr.splitlines() if "nosec encountered" not in line]
    print("\n".join([*notes, run.stdout]).strip())
    return False


def pip_audit() -> bool:
    """Whether no version in use has a vulnerability that is known, as far as anybody could be asked."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", VERSIONS, "--no-deps", "--disable-pip"]
    command += ["--progress-spinner", "off", "--format", "json", "--timeout", "20"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    good, words = verdict(run.stdout, run.stderr)
    print(f"pip-audit: {words}")
    return good


def verdict(answer: str, complaint: str) -> tuple[bool, str]:
    """What pip-audit's output means.

    :param answer, complaint: what it wrote to its output and error output.
    :returns: whether that is good, and words for it.
    """
    try:
        asked = json.loads(answer)["dependencies"]
    except ValueError:
        last = (complaint.strip().splitlines() or ["it said nothing"])[-1][:300]
        if any(word in complaint for word in AWAY):
            return True, f"the service could not be reached; nothing was looked up. ({last})"
        return False, f"it failed: {last}"
    unknown = [each["name"] for each in asked if "skip_reason" in each]
    found = [
        f"{each['name']} {each['version']}: {fault['id']}, mended in: {', '.join(fault['fix_versions'])}"
        for each in asked
        for fault in each.get("vulns", ())
    ]
    if found:
        return False, "\n".join(["there are known vulnerabilities.", *found])
    if len(unknown) == len(asked):
        return True, "the service knows none of these packages; nothing was looked up."
    left = f" Not known to the service: {', '.join(unknown)}." if unknown else ""
    return True, f"nothing found in {len(asked) - len(unknown)} packages.{left}"


if __name__ == "__main__":
    sys.exit(0 if all([bandit(), pip_audit()]) else 1)
