"""Every page is a rendering of the report: complete, inert, and no more than may be shown."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from autograder.pull.outcome import GRADED, GRADER_ERROR, NOT_GRADED, Outcome
from autograder.pull.pages.annotations import cell_line, commands
from autograder.pull.pages.folder import read_previous, write_pages
from autograder.pull.pages.junit import junit
from autograder.pull.pages.markdown import LIMIT, MARK, summary
from autograder.report.gradescope import gradescope
from autograder.report.record import Report
from autograder.report.view import shown
from autograder.terms import Reveal, Terms
from autograder.text import log, markdown

from .notebooks import handed_in, small_release
from .pulls import report

OUTCOME = Outcome(GRADED, login="alice", number=7, assignment="seq2seq", path="submissions/a.ipynb")
HOSTILE = [
    "@everyone @alice see #1, bob/course#2 and GH-3",
    "![x](https://evil.example/pixel.png) [click](javascript:alert(1)) <img src=x onerror=y>",
    "https://evil.example www.evil.example mail@evil.example http://evil.example/@x",
    "``` \n::error file=x::forged\n::set-output name=x::y\n##[add-matcher]/tmp/x",
    "</details></summary><script>alert(1)</script><!-- autograder --> --> ]]> <![CDATA[",
    "| a | b |\n|---|---|\n# heading\n> quote\n1. one\n- two\n***\n===",
    "$$\\unicode{x}$$ $x$ `code` ~~gone~~ :tada: [^1] \\@alice &#64;alice &commat;alice",
    "\x1b[31mred\x00\x08 \u202eright to left \ufeff \ufffe \ud800 %0A::error::x",
]
READER = MarkdownIt("gfm-like", {"html": True, "linkify": False})
AUTOLINKS = re.compile(r"@\w|#\d|\bGH-\d|://|\bwww\.\w", re.IGNORECASE)

hostile = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=80),
    st.text("@#`[]()<>!|:*_\\&;~$-+.1a\n ", max_size=60),
)


def page(rationale: str, path: str = "", login: str = "") -> str:
    found = report({"encoder": False}, rationale, (rationale,))
    outcome = Outcome(GRADED, assignment="seq2seq", path=path, login=login, words=(rationale,))
    return summary(outcome, shown(found, Reveal.MESSAGES))


def shape(text: str) -> list[str]:
    """The kinds of a page's tokens, and the HTML in it: all but its plain words."""
    kinds = []
    for token in READER.parse(text):
        kinds.append(token.type)
        for inner in token.children or ():
            kinds.append(inner.type if inner.type != "html_inline" else inner.content)
        if token.type == "html_block":
            kinds.append(re.sub(r">[^<]+<", "><", token.content))
    return [kind for kind in kinds if kind not in ("text", "text_special", "softbreak", "entity")]


@given(hostile)
@example(HOSTILE[4])
def test_no_text_changes_the_shape_of_a_summary(text: str) -> None:
    if not markdown(text).strip(" \u200b"):
        return  # an empty message has no line of its own
    assert shape(page(text, path=text, login=text)) == shape(
        page("plain words", path="p", login="l")
    )


@given(hostile)
def test_a_summary_shows_what_was_written(text: str) -> None:
    said = " ".join(re.sub(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+", " ", text).split())
    inline = READER.parse(f"x {markdown(text)}")[1]
    read = "".join(token.content for token in inline.children or ())
    visible = re.sub(r"[^\x21-\x7e]", "", said)
    assert re.sub(r"[^\x21-\x7e]", "", read)[1:] == visible or "\x1b" in text


@given(hostile)
def test_nothing_in_a_summary_links_or_calls_anybody(text: str) -> None:
    inline = READER.parse(f"x {markdown(text)}")[1]
    read = "".join(token.content for token in inline.children or ())
    assert not AUTOLINKS.search(read)
    assert len(READER.parse(markdown(text) + " x")) == 3  # one paragraph, wherever it stands


@given(hostile)
def test_junit_is_xml_whatever_was_written(text: str) -> None:
    root = ElementTree.fromstring(
        junit(OUTCOME, shown(report({"greedy": False}, text), Reveal.MESSAGES))
    )
    assert [suite.get("failures") for suite in root] == ["0", "1", "0"]
    refused = Outcome(NOT_GRADED, assignment=text, words=(text,))
    assert ElementTree.fromstring(junit(refused, None))[0].get("errors") == "1"


@given(hostile)
def test_a_workflow_command_holds_no_other(text: str) -> None:
    outcome = Outcome(GRADED, path=text)
    written = commands(outcome, shown(report({"greedy": False}, text), Reveal.MESSAGES), b"")
    lines = re.split(r"[\r\n]", written.rstrip("\n"))
    assert len(lines) == 1
    place = lines[0].split("::")[1]
    assert re.fullmatch(r"error file=[^,:]*,line=1,title=greedy", place)


@given(hostile)
def test_a_line_of_the_log_is_no_command(text: str) -> None:
    written = log(text)
    assert "\n" not in written
    assert "::" not in written
    assert "##[" not in written


@given(hostile)
def test_gradescope_reads_it_as_plain_text(text: str) -> None:
    found = report({"greedy": False}, text)
    record = json.loads(gradescope(OUTCOME.words, found, Reveal.MESSAGES, Terms()))
    formats = {record["output_format"], *(test["output_format"] for test in record["tests"])}
    assert formats == {"text"}
    assert record["score"] == found.points


def test_a_summary_tells_total_tasks_and_what_to_fix_first() -> None:
    text = page("it was shallow")
    assert text.startswith(f"{MARK}\n\n## seq2seq: 28 of 40 points")
    assert "| ✗ | encoder | 8 of 20 |" in text
    assert "| ✓ | greedy | 20 of 20 |" in text
    assert "| ✎ | translation | by hand, up to 10 |" in text
    first = text[text.index("**Fix this first**") :]
    assert first.startswith("**Fix this first**, in encoder: Your encoder is deep")
    assert "- it was shallow" in first.split("<details>")[0]


def test_a_summary_with_nothing_to_fix_says_so() -> None:
    text = summary(OUTCOME, shown(report(), Reveal.MESSAGES))
    assert "Nothing is left to fix." in text
    assert "Fix this first" not in text


def test_a_summary_says_what_changed_since_the_last_attempt() -> None:
    worse, better = report({"encoder": False}), report({"greedy": False})
    text = summary(OUTCOME, shown(better, Reveal.MESSAGES), shown(worse, Reveal.MESSAGES))
    changes = text[text.index("**Since your last attempt**") :].split("<details>")[0]
    assert "- encoder: 8 → 20 points" in changes
    assert "- greedy: 20 → 8 points" in changes
    assert "- passes now: Your encoder is deep" in changes
    assert "- passed before: Your greedy is deep" in changes
    same = summary(OUTCOME, shown(worse, Reveal.MESSAGES), shown(worse, Reveal.MESSAGES))
    assert "nothing has changed" in same


@pytest.mark.parametrize("text", HOSTILE)
def test_a_summary_never_outgrows_a_comment(text: str) -> None:
    found = report({"encoder": False}, "@" * 5000 + text, ("#" * 5000,))
    many = Report("seq2seq", found.tasks[:1] * 100, found.findings)
    assert len(summary(OUTCOME, shown(many, Reveal.MESSAGES))) < LIMIT + 5_000


@pytest.mark.parametrize("level", list(Reveal))
def test_each_level_shows_what_it_may_and_no_more(tmp_path: Path, level: Reveal) -> None:
    found = report({"encoder": False}, "it was shallow")
    (tmp_path / "shown").mkdir()
    write_pages(tmp_path, OUTCOME, found, level, Terms())
    folder = tmp_path / "shown"
    results = json.loads((tmp_path / "results.json").read_text())
    hidden_from_students = results.pop("score"), [t.pop("score") for t in results["tests"]]
    assert hidden_from_students[0] == found.points
    shown_text = json.dumps(results) + "".join(path.read_text() for path in folder.iterdir())
    for needed, secret in (
        (Reveal.TOTAL, "28 of 40"),
        (Reveal.TASKS, "8 of 20"),
        (Reveal.TASKS, "Your encoder is open"),
        (Reveal.CHECKS, "Your encoder is deep"),
        (Reveal.MESSAGES, "it was shallow"),
        (Reveal.MESSAGES, "dig deeper"),
    ):
        assert (secret in shown_text) == (level >= needed), secret
    assert (folder / "report.json").exists() == (level == Reveal.MESSAGES)
    assert (tmp_path / "report.json").read_text() == found.to_json()


@pytest.mark.parametrize(
    ("level", "after", "due", "whole", "task"),
    [
        (Reveal.MESSAGES, Reveal.MESSAGES, False, "visible", "visible"),
        (Reveal.TOTAL, Reveal.TASKS, True, "visible", "after_due_date"),
        (Reveal.TOTAL, Reveal.TOTAL, True, "visible", "hidden"),
        (Reveal.NOTHING, Reveal.TASKS, True, "after_due_date", "after_due_date"),
        (Reveal.NOTHING, Reveal.TASKS, False, "hidden", "hidden"),
    ],
)
def test_gradescope_hides_what_is_not_shown(
    level: Reveal, after: Reveal, due: bool, whole: str, task: str
) -> None:
    terms = Terms(due=datetime(2026, 1, 1, tzinfo=UTC) if due else None, reveal_after_due=after)
    record = json.loads(gradescope(OUTCOME.words, report(), level, terms))
    assert record["visibility"] == whole
    assert {test["visibility"] for test in record["tests"]} == {task}
    assert sum(test["score"] for test in record["tests"]) == record["score"]


def test_what_was_not_graded_has_no_score_anywhere(tmp_path: Path) -> None:
    (tmp_path / "shown").mkdir()
    for status in (NOT_GRADED, GRADER_ERROR):
        write_pages(tmp_path, Outcome(status, words=("Because.",)))
        assert "score" not in json.loads((tmp_path / "results.json").read_text())
        assert "points" not in (tmp_path / "shown" / "summary.md").read_text()
        assert Outcome.from_json((tmp_path / "outcome.json").read_text()).status == status


def test_an_annotation_points_into_the_cell_of_its_task() -> None:
    notebook = handed_in('x = \'"grade_id": "twice"\'\ndef twice(x): return 2')
    notebook.cells.insert(1, nbformat.v4.new_code_cell('decoy = {"grade_id": "twice"}'))
    text = nbformat.writes(notebook)
    line = cell_line(text.encode(), "twice")
    cells = [number for number, said in enumerate(text.splitlines(), 1) if '"cell_type"' in said]
    assert max(number for number in cells if number < line) == cells[3]
    assert text.splitlines()[line - 1].strip() == '"grade_id": "twice",'
    assert cell_line(b"broken", "twice") == 1
    assert cell_line(json.dumps(small_release()).encode(), "twice") == 1


def test_there_is_an_annotation_for_each_task_with_something_to_fix() -> None:
    found = shown(report({"encoder": False, "greedy": False}, "a\nb"), Reveal.MESSAGES)
    lines = commands(OUTCOME, found, b"").splitlines()
    assert [re.findall(r"title=(\w+)", line) for line in lines] == [["encoder"], ["greedy"]]
    assert lines[0].startswith("::error file=submissions/a.ipynb,line=1,")
    assert commands(OUTCOME, shown(report(), Reveal.MESSAGES), b"") == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        "{}",
        "null",
        '{"schema": "autograder-report/2"}',
        '{"schema": "autograder-report/2", "tasks": 7}',
        report().to_json().replace("20.0", '"many"'),
        report().to_json().replace("20.0", "1e400"),
        report().to_json().replace('"checks": [', '"checks": [[], '),
        report().to_json().replace('"wrong"', '"fine"').replace('"passed"', '"fine"'),
    ],
)
def test_an_earlier_report_that_is_none_is_left_out(tmp_path: Path, text: str) -> None:
    file = tmp_path / "previous.json"
    file.write_text(text)
    previous = read_previous(file, "seq2seq")
    view = shown(report(), Reveal.MESSAGES)
    before = shown(previous, Reveal.MESSAGES) if previous else None
    assert previous is None or "1e400" in text
    assert summary(OUTCOME, view, before)


def test_an_earlier_report_is_of_the_same_assignment(tmp_path: Path) -> None:
    file = tmp_path / "previous.json"
    file.write_text(report().to_json())
    previous = read_previous(file, "seq2seq")
    assert previous is not None
    assert previous.to_json() == report().to_json()
    assert read_previous(file, "other") is None
    assert read_previous(tmp_path / "missing.json", "seq2seq") is None
    assert read_previous(None, "seq2seq") is None
