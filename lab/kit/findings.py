"""What the kit says of a plugin: the promise, the input that breaks it, the cure; as text, JSON, JUnit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from xml.etree import ElementTree  # nosec B405 # it is written here, never read


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise.

    :param promise: its name, as docs/conformance.md lists it.
    :param hook: the hook, or the model as ``model NAME``; empty where it concerns the whole plugin.
    :param what: what happened.
    :param input: the smallest input found that does it, in words; empty where none is needed.
    :param cure: what to do.
    """

    promise: str
    hook: str
    what: str
    input: str
    cure: str

    def __str__(self) -> str:
        lines = [f"{self.promise}{f' ({self.hook})' if self.hook else ''}: {self.what}"]
        if self.input:
            lines.append(f"  with: {self.input}")
        return "\n".join([*lines, f"  cure: {self.cure}"])


def as_json(plugin: str, promises: Sequence[str], findings: Sequence[Finding]) -> dict[str, Any]:
    """For programs: the plugin, the promises that were checked, and the findings."""
    return {"plugin": plugin, "promises": list(promises), "findings": [asdict(f) for f in findings]}


def as_junit(
    plugin: str, promises: Sequence[str], findings: Sequence[Finding], untried: Collection[str] = ()
) -> str:
    """For CI servers: one test case a promise, in JUnit's XML.

    :param untried: those of the promises that were not tried after all.
    """
    # A call that never ends is found by whichever promise comes first.
    promises = list(dict.fromkeys([*promises, *(f.promise for f in findings)]))
    suite = ElementTree.Element(
        "testsuite",
        name=f"stifinder plugin {plugin}",
        tests=str(len(promises)),
        failures=str(len({f.promise for f in findings})),
        skipped=str(len(set(untried) - {f.promise for f in findings})),
    )
    for promise in promises:
        case = ElementTree.SubElement(suite, "testcase", classname=plugin, name=promise)
        broken = [f for f in findings if f.promise == promise]
        if broken:
            failure = ElementTree.SubElement(case, "failure", message=broken[0].what)
            failure.text = "\n\n".join(str(f) for f in broken)
        elif promise in untried:
            ElementTree.SubElement(case, "skipped", message="not tried, for a call never came back")
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)
