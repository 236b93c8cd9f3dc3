"""JUnit XML, as CI systems read it: a suite a task, a case a check."""

from __future__ import annotations

from xml.etree import ElementTree

from autograder.pull.outcome import GRADED, Outcome
from autograder.report.view import View
from autograder.text import xml
from checks.verdicts import CheckResult, Verdict, words


def junit(outcome: Outcome, view: View | None) -> str:
    """The whole file. What was not graded is one case in error."""
    root = ElementTree.Element("testsuites", name=xml(outcome.assignment or "pull request"))
    if outcome.status != GRADED or view is None:
        suite = ElementTree.SubElement(root, "testsuite", name="submission", tests="1", errors="1")
        case = ElementTree.SubElement(suite, "testcase", name=outcome.status, classname="pull")
        error = ElementTree.SubElement(case, "error", message=outcome.status)
        error.text = xml("\n".join(outcome.words))
    for task in view.tasks if view is not None else ():
        failed = [check for check in task.checks if _failed(check)]
        skipped = [check for check in task.checks if check.verdict is Verdict.SKIPPED]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=xml(task.key),
            tests=str(len(task.checks)),
            failures=str(len(failed)),
            skipped=str(len(skipped)),
        )
        for check in task.checks:
            case = ElementTree.SubElement(
                suite, "testcase", name=xml(check.sentence), classname=xml(task.key)
            )
            if check in skipped:
                ElementTree.SubElement(case, "skipped")
            elif check in failed:
                failure = ElementTree.SubElement(case, "failure", message=str(check.verdict))
                failure.text = xml("\n".join(words(check)))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _failed(check: CheckResult) -> bool:
    return check.verdict not in (Verdict.PASSED, Verdict.SKIPPED)
