"""A function sees the hidden inputs it is called with; what is shown beside a hidden check does not
spell them out, whatever it returns or raises.

What each code below says holds a word or a number that occurs nowhere else, and after it what the
function was called with.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from textwrap import dedent
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.assignment import Assignment
from autograder.offering import Offering
from autograder.report.record import Report, TaskReport
from autograder.report.render import report_text, task_html
from autograder.report.schema import json_schema
from autograder.wall.inside.wire import DTYPES
from checks.closed import (
    ANOTHER,
    KNOWN_TYPES,
    WORD,
    closed,
    closing,
    counted,
    number,
    own,
    reported,
    shape,
    written_in,
)
from checks.expect import kind
from checks.plugin import PACKAGE
from checks.seq2seq.decoder.forms import by_name
from checks.values import Opaque

from .corpus import Entry, grade_here

ASSIGNMENT = Assignment("seq2seq")
MARKED = re.compile(r"quince|\b42\d\d\b|\b97\b", re.IGNORECASE)
SINKS = {
    ("encoder", "the shape of a result"): """
        class Encoder(nn.Module):
            def __init__(self, *sizes, **named):
                super().__init__()
            def forward(self, source, source_lengths):
                said = torch.zeros(0, 4242, *(4200 + int(i) for i in source[0][:3]))
                return said, (said, said)
    """,
    ("decoder", "one size of a result"): """
        class Decoder(nn.Module):
            def __init__(self, *sizes, **named):
                super().__init__()
            def forward(self, previous, state):
                return torch.zeros(len(previous), 4200 + int(previous[0])), state
    """,
    ("encoder", "the keys of a result"): """
        class Encoder(nn.Module):
            def __init__(self, *sizes, **named):
                super().__init__()
            def forward(self, source, source_lengths):
                named = "Quince" + "_".join(map(str, source[0].tolist()))
                raise type(named, (KeyError,), {})(named)
    """,
    ("greedy", "the name of a type"): """
        def greedy_decode(model, source, source_lengths, max_length):
            return type("Quince" + "_".join(map(str, source[0].tolist())), (), {})()
    """,
    ("greedy", "the number of entries"): """
        def greedy_decode(model, source, source_lengths, max_length):
            return [[1]] * (4200 + int(source[0, 0]))
    """,
    ("greedy", "a text"): """
        def greedy_decode(model, source, source_lengths, max_length):
            return [type(f"Quince{row.tolist()}", (), {})() for row in source]
    """,
    ("beam_search", "the name of a part's type"): """
        def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
            said = type("Quince" + "_".join(map(str, source[0].tolist())), (), {})()
            return [[([1], said, 0.0)] for _ in source]
    """,
    ("teacher_forcing", "the name of the loss's type"): """
        def train_step(model, optimizer, source, source_lengths, target, **_):
            outputs, state = model.encoder(source, source_lengths)
            loss = 0.0
            for t in range(1, target.shape[1]):
                logits, state = model.decoder(target[:, t - 1], state)
                loss = loss + F.cross_entropy(logits, target[:, t])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return type("Quince" + "_".join(map(str, source[0].tolist())), (), {})()
    """,
    ("teacher_forcing", "the number of updates"): """
        def train_step(model, optimizer, source, source_lengths, target, **_):
            outputs, state = model.encoder(source, source_lengths)
            loss = 0.0
            for t in range(1, target.shape[1]):
                logits, state = model.decoder(target[:, t - 1], state)
                loss = loss + F.cross_entropy(logits, target[:, t])
            optimizer.zero_grad()
            loss.backward()
            for _ in range(97):
                optimizer.step()
            return loss.item()
    """,
}


def hidden_of(salt: str, task: str, code: str) -> TaskReport:
    """The report of a task without what is said beside public checks."""
    entry = Entry(task, "wrong", "spells", dedent(code))
    report = grade_here(Offering(ASSIGNMENT, salt), entry, [task])[task]
    public = {path.name for path in (PACKAGE / ASSIGNMENT.name).rglob("test_*.py")}
    assert public
    return replace(report, checks=tuple(c for c in report.checks if not c.public))


def told(report: TaskReport) -> str:
    """All that anybody is shown of a task."""
    whole = Report(ASSIGNMENT.name, (report,))
    return "\n".join([whole.to_json(), task_html(report), report_text(whole)])


@pytest.mark.parametrize(("task", "sink"), SINKS)
def test_nothing_beside_a_hidden_check_spells_its_input(task: str, sink: str) -> None:
    report = hidden_of("hidden", task, SINKS[task, sink])
    assert report.checks
    assert MARKED.findall(told(report)) == []


@pytest.mark.parametrize(("task", "sink"), SINKS)
def test_where_all_may_be_quoted_it_does(
    task: str, sink: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checks.plugin.is_public", lambda item: True)
    entry = Entry(task, "wrong", "spells", dedent(SINKS[task, sink]))
    report = grade_here(Offering(ASSIGNMENT, "quoted"), entry, [task])[task]
    assert MARKED.findall(told(report))


CRASHING = """
    class Encoder(nn.Module):
        def __init__(self, *sizes, **named):
            super().__init__()
        def forward(self, source, source_lengths):
            if int(source[0, 0]) % 2:
                raise ValueError(f"Quince {source.tolist()}")
            raise ValueError(f"Quince {source.tolist()}")
"""


def test_a_crash_tells_its_line_and_nothing_else() -> None:
    said = {check.rationale for check in hidden_of("hidden", "encoder", CRASHING).checks}
    crashed = re.compile(r"your code raised ValueError at line [78] of cell `encoder`")
    assert any(map(crashed.fullmatch, said))
    assert all(crashed.fullmatch(one) or one.startswith("tried once") for one in said)


SPEAKING = """
    import sys, warnings
    import matplotlib.pyplot as plt

    def greedy_decode(model, source, source_lengths, max_length):
        said = f"Quince {source.tolist()}"
        print(said)
        print(said, file=sys.stderr)
        with warnings.catch_warnings(action="default"):
            warnings.warn(said)
        plt.plot([4200 + int(word) for word in source[0]])
        plt.title(said)
        raise ValueError(said)
"""


def test_what_a_function_prints_warns_of_and_draws_is_not_shown() -> None:
    report = hidden_of("hidden", "greedy", SPEAKING)
    raised = "your code raised ValueError at line 13 of cell `greedy`"
    assert raised in {check.rationale for check in report.checks}  # all else was said before
    assert MARKED.findall(told(report)) == []


def test_checks_are_the_same_ones_in_the_same_order_whatever_is_handed_in() -> None:
    solution = grade_here(Offering(ASSIGNMENT, "hidden"), None, ["greedy"])["greedy"]
    names = [check.check for check in solution.checks if not check.public]
    for task, sink in SINKS:
        if task == "greedy":
            report = hidden_of("hidden", task, SINKS[task, sink])
            assert [check.check for check in report.checks] == names


def test_no_report_has_a_place_for_a_time() -> None:
    names = re.findall(r'"(\w+)": \{', json_schema())
    assert {"points", "rationale"} <= set(names)
    assert [name for name in names if re.search("time|second|duration|date", name)] == []


SUITE = ASSIGNMENT.suite / "greedy" / "test_greedy.py"


@given(st.lists(st.one_of(st.integers(2, 10**9), st.text("abcdefghijklmnop", min_size=25))))
def test_words_and_numbers_of_nobody_are_left_out(strange: list[int | str]) -> None:
    text = f"got {', '.join(map(str, strange))}, not this"
    left = closed(text, {"not this"}, written_in(SUITE))
    assert left.startswith("got")
    assert left.endswith("not this")
    assert not re.search(r"\d", left)
    assert all(isinstance(one, int) or one not in left for one in strange)


def test_what_authors_write_is_left_as_it_is() -> None:
    texts = {
        "with ratio 1 the decoder reads its own predictions",
        "loss_by_hand: keep the defaults of the contract: teacher_forcing_ratio=1.0, clip=1.0",
        "log_softmax runs over the vocabulary (dim=-1), a distribution for each live hypothesis",
    }
    assert {closed(text, set(), written_in(SUITE)) for text in texts} == texts


def test_what_a_check_lets_through_stands_as_a_whole_and_nowhere_else() -> None:
    with closing(hidden=True) as said:
        text = f"should be {own((42, 17))}, got (17, 42), {own(5)} and 55"
    left = closed(text, said, written_in(SUITE))
    assert left == f"should be (42, 17), got ({ANOTHER}, {ANOTHER}), 5 and {ANOTHER}"


def test_beside_a_public_check_everything_may_be_quoted() -> None:
    class Mine:
        """A class of the student's own."""

    with closing(hidden=False):
        assert number(4242) == "4242"
        assert shape((4242, 3), (5, 3)) == "(4242, 3)"
        assert kind(Mine()) == "a value of type 'Mine'"
    with closing(hidden=True):
        assert number(4242, 1) == ANOTHER
        assert counted(4242, "entries", 1) == "another number of entries"
        assert counted(1, "entries", 1) == "1 entries"
        assert "4242" not in shape((4242, 3), (5, 3))
        assert "Mine" not in kind(Mine())


def test_what_is_left_open_is_no_more_than_the_protection_page_says() -> None:
    sizes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 4242]
    every = [one for n in range(4) for one in product(sizes, repeat=n)]
    every += [(1,) * n for n in range(4, 20)]
    values: list[Any] = [torch.zeros((0,) * n, dtype=d) for n in range(20) for d in DTYPES]
    values += [make([0] * n) for n in range(50) for make in (list, tuple)]
    values += [Opaque(name) for name in [*KNOWN_TYPES, "Quince", "4242"]]
    with closing(hidden=True):
        assert len({shape(one, (4, 7, 6)) for one in every}) <= 2**5
        assert len({kind(value) for value in values}) <= 2**7
        names = {"B": 4, "V": 11, "H": 6}
        shapes = [torch.empty(one) for one in every if 4242 not in one]
        assert len({by_name(one, names) for one in shapes}) <= 2**12


@pytest.mark.parametrize(
    ("sizes", "told_as"),
    [
        ((7, 4, 6), "(7, 4, 6)"),
        ((4, 6, 6), "another one: dimension 1 is one too small"),
        ((4, 7, 12), "another one: dimension 2 is twice as large"),
        ((4, 7, 4242), "another one: dimension 2 is of another size"),
        ((4242, 3, 7), "other sizes"),
        ((4, 7), "one of 2 dimensions"),
        ((4,) * 42, "one of many dimensions"),
    ],
)
def test_a_shape_is_told_by_how_it_differs(sizes: tuple[int, ...], told_as: str) -> None:
    with closing(hidden=True):
        assert shape(sizes, (4, 7, 6)) == told_as


def test_numbers_reported_beside_the_mark_have_few_digits() -> None:
    value = {"BLEU": 42.424242, "rates": [0.123456, 1, True], "n": 424242, "said": "Quince 4242"}
    left = reported(value, set(), written_in(SUITE))
    assert left == {
        "BLEU": 42.4,
        "rates": [0.123, 1, True],
        "n": 424000,
        "said": f"{WORD} {ANOTHER}",
    }
