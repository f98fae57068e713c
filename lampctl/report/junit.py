"""JUnit XML, valid against Jenkins' junit-10.xsd: one suite for each host, one test case for each check."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from lampctl.checks import Result, Status
from lampctl.errors import LampctlError
from lampctl.legible import legible
from lampctl.outcome import Outcome
from lampctl.report.document import Report

_ELEMENTS = {
    Status.FAIL: "failure",
    Status.UNKNOWN: "error",
    Status.BLOCKED: "skipped",
    Status.SKIPPED: "skipped",
}


def render(report: Report) -> str:
    suites = [_suite(report, outcome) for outcome in report.outcomes]
    if report.error:
        suites.append(_new_suite("lampctl", [_error_case("lampctl", report.command, report.error)], report.time, 0.0))
    root = Element("testsuites", name=f"lampctl {report.command}")
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, 0)) for suite in suites)))
    root.set("time", f"{sum(float(suite.get('time', 0)) for suite in suites):.3f}")
    root.extend(suites)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _suite(report: Report, outcome: Outcome) -> Element:
    cases = [_case(outcome.host, result) for result in outcome.results]
    if outcome.error:
        cases.append(_error_case(outcome.host, report.command, outcome.error))
    if not cases:  # a plan; consumers treat an empty suite as an error
        cases.append(Element("testcase", classname=legible(outcome.host), name=report.command, time="0.000"))
    suite = _new_suite(outcome.host, cases, report.time, sum(outcome.timings.values()))
    suite.insert(0, _properties(report, outcome))
    if outcome.changes:
        SubElement(suite, "system-out").text = legible("\n".join(_changes(outcome)))
    return suite


def _new_suite(name: str, cases: list[Element], time: float, seconds: float) -> Element:
    def count_with(element: str) -> str:
        return str(sum(case.find(element) is not None for case in cases))

    suite = Element("testsuite", name=legible(name), tests=str(len(cases)), failures=count_with("failure"))
    suite.attrib |= {"errors": count_with("error"), "skipped": count_with("skipped"), "time": f"{seconds:.3f}"}
    suite.attrib |= {"timestamp": datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S")}
    suite.attrib |= {"hostname": legible(name)}
    suite.extend(cases)
    return suite


def _properties(report: Report, outcome: Outcome) -> Element:
    properties = Element("properties")
    for name, value in (
        ("command", report.command),
        ("playbook", outcome.playbook),
        ("platform", outcome.platform),
        ("applied", str(outcome.applied).lower()),
        ("undone", str(outcome.undone).lower()),
    ):
        SubElement(properties, "property", name=name, value=legible(value))
    return properties


def _case(host: str, result: Result) -> Element:
    case = Element("testcase", classname=legible(f"{host}.{result.layer}"), name=legible(result.id))
    case.set("time", f"{result.ms / 1000:.3f}")
    if element := _ELEMENTS.get(result.status):
        detail = SubElement(case, element, message=legible(result.actual), type=str(result.status))
        detail.text = legible("\n".join(_result_text(result)))
    return case


def _result_text(result: Result) -> Iterator[str]:
    yield f"expected: {result.expected}"
    yield f"actual: {result.actual}"
    if result.evidence:
        yield result.evidence
    if result.hint:
        yield f"→ {result.hint}"


def _error_case(host: str, command: str, error: LampctlError) -> Element:
    """The error that ended the command early, as its own test case."""
    case = Element("testcase", classname=legible(host), name=command or "lampctl", time="0.000")
    detail = SubElement(case, "error", message=legible(error.message), type=error.kind)
    detail.text = legible("\n".join(part for part in (error.evidence, error.hint and f"→ {error.hint}") if part))
    return case


def _changes(outcome: Outcome) -> Iterator[str]:
    for change in outcome.changes:
        yield f"{change.action} {change.resource}"
        yield from (f"    {line}" for line in change.diff.splitlines())
