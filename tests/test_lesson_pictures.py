"""The lesson's pictures can be read, tell what is so, and draw a student's own beam as it is."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from autograder.assignment import Assignment
from autograder.notebook.lesson import grade_id

LESSON = Assignment("seq2seq")
GIVEN = {"setup", "given", "toy"}
PARTS = {task.key for task in LESSON.graded_tasks}
NARROW = 390 - 40  # CSS pixels that a phone leaves for a picture
SMALLEST = 8.5  # CSS pixels of its letters there


@pytest.fixture(scope="module", autouse=True)
def beside() -> Iterator[None]:
    """The modules beside the lesson can be imported, by this file alone."""
    before = set(sys.modules)
    sys.path.insert(0, str(LESSON.lesson.parent))
    yield
    sys.path.remove(str(LESSON.lesson.parent))
    for name in set(sys.modules) - before:
        if str(LESSON.lesson.parent) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture(scope="module")
def lesson() -> dict[str, Any]:
    """The names of the lesson's given and solved cells."""
    names: dict[str, Any] = {"__name__": "lesson"}
    for cell in LESSON.source.cells:
        if cell.cell_type == "code" and grade_id(cell) in GIVEN | PARTS:
            exec(cell.source, names)
    return names


def pictures() -> ModuleType:
    """The module that the notebook calls."""
    return importlib.import_module("pictures")


ALL: dict[str, Callable[[], Any]] = {
    "unrolled": lambda: pictures().unrolled(),
    "bottleneck": lambda: pictures().bottleneck(),
    "padding": lambda: pictures().padding(),
    "feeding": lambda: pictures().feeding(),
    "copied_states": lambda: pictures().copied_states(),
    "worked_beam": lambda: pictures().worked_beam(3),
    "worked_beam, first step": lambda: pictures().worked_beam(1),
}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The sheets that a picture was drawn on."""
    sheets: list[Any] = []
    sheet = importlib.import_module("sheet").Sheet
    begin = sheet.__init__

    def noted(self: Any, height: float) -> None:
        begin(self, height)
        sheets.append(self)

    monkeypatch.setattr(sheet, "__init__", noted)
    return sheets


def test_every_picture_is_tried_here() -> None:
    assert {name.partition(",")[0] for name in ALL} | {"own_beam"} == set(pictures().__all__)


def renderer_of(sheet: Any) -> Any:
    """What knows how large the things on a sheet are."""
    canvas: Any = FigureCanvasAgg(sheet.figure)
    return canvas.get_renderer()


def written(sheet: Any) -> list[tuple[str, Any, float]]:
    """Each text of a sheet: its words, where it stands, and its size in points."""
    sheet.figure.set_dpi(72)
    renderer = renderer_of(sheet)
    texts = [text for text in sheet.axes.texts if text.get_text()]
    return [(t.get_text(), t.get_window_extent(renderer), t.get_fontsize()) for t in texts]


@pytest.mark.parametrize("name", ALL)
def test_all_words_of_a_picture_are_on_it_and_large_enough_on_a_phone(
    name: str, drawn: list[Any]
) -> None:
    ALL[name]()
    (sheet,) = drawn
    width, height = sheet.figure.get_size_inches() * 72
    told = written(sheet)
    assert told
    for words, at, size in told:
        assert min(at.x0, at.y0) >= 0, words
        assert at.x1 <= width, words
        assert at.y1 <= height, words
        assert size * NARROW / width >= SMALLEST, words


@pytest.mark.parametrize("name", ALL)
def test_words_stay_within_their_box_and_off_each_other(name: str, drawn: list[Any]) -> None:
    ALL[name]()
    (sheet,) = drawn
    told = written(sheet)
    renderer = renderer_of(sheet)
    boxes = [box.get_window_extent(renderer) for box in sheet.axes.patches if is_box(box)]
    assert boxes
    for place, (words, at, _) in enumerate(told):
        middle = (at.x0 + at.x1) / 2, (at.y0 + at.y1) / 2
        around = [box for box in boxes if box.contains(*middle)]
        if around:
            box = min(around, key=lambda box: box.width)
            assert box.x0 <= at.x0, words
            assert at.x1 <= box.x1, words
        for others, other, _ in told[place + 1 :]:
            apart = at.x1 <= other.x0 or other.x1 <= at.x0
            assert apart or at.y1 <= other.y0 + 1 or other.y1 <= at.y0 + 1, (words, others)


def is_box(patch: Any) -> bool:
    """Whether it is a box with words; an arrow is none."""
    return type(patch).__name__ == "FancyBboxPatch"


@pytest.mark.parametrize("name", ALL)
def test_a_picture_says_in_words_what_it_shows_and_is_drawn_alike_each_time(name: str) -> None:
    first, second = ALL[name](), ALL[name]()
    assert first.svg == second.svg
    assert len(first.words) > 80
    html = first._repr_html_()
    assert re.search(r'<img alt="[^"]{80,}"', html)
    assert "width:100%;max-width:" in html
    assert "background:#fff" in html  # so that dark letters can be read on a dark page
    assert repr(first) == first.words


def nodes(words: str) -> set[str]:
    """What a tree says of the hypotheses that were kept: `a b (0.28, kept)`."""
    return set(re.findall(r"[\w ]+ \([\d.]+, kept[^)]*\)", words.replace("Step", ";")))


def test_the_worked_beam_is_what_the_solution_does(lesson: dict[str, Any]) -> None:
    drawn = pictures()
    own = drawn.own_beam(lesson["beam_search"], lesson["toy_model"](), [0], 2, 3).words
    worked = drawn.worked_beam(3).words
    # what is cut at the end and not returned cannot be seen from outside
    assert nodes(worked) - nodes(own) == {node for node in nodes(worked) if "a a a" in node}
    assert len(nodes(own)) == 5
    assert worked[worked.index("Result: ") :] == own[own.index("Result: ") :]


def test_a_step_of_the_worked_beam_tells_no_more_than_it_has_come_to() -> None:
    first = pictures().worked_beam(1).words
    assert "Step 2" not in first
    assert "Result" not in first


def swapped(model: Any, source: Any, lengths: Any, *_: Any) -> list[list[Any]]:
    """A search that gives each hypothesis the other one's state."""
    _, (h, c) = model.encoder(source, lengths)
    _, (h, c) = model.decoder(torch.tensor([model.bos_id]), (h, c))
    _, (h, c) = model.decoder(torch.tensor([0, 1]), (h[:, [0, 0]], c[:, [0, 0]]))
    model.decoder(torch.tensor([0, 0]), (h[:, [1, 0]], c[:, [1, 0]]))
    return [[]]


def beyond_the_end(model: Any, source: Any, lengths: Any, *_: Any) -> list[list[Any]]:
    """A search that extends what has ended."""
    _, state = model.encoder(source, lengths)
    _, state = model.decoder(torch.tensor([model.bos_id]), state)
    _, state = model.decoder(torch.tensor([model.eos_id]), state)
    model.decoder(torch.tensor([0]), state)
    return [[]]


def test_the_tree_shows_from_which_state_a_hypothesis_went_on(lesson: dict[str, Any]) -> None:
    told = pictures().own_beam(swapped, lesson["toy_model"](), [0], 2, 3).words
    assert re.search(r"Step 2: .*\bb a \(0.005, kept\)", told)
    assert "a a (0.35, kept)" in told
    told = pictures().own_beam(beyond_the_end, lesson["toy_model"](), [0], 2, 3).words
    assert re.search(r"Step 2: EOS a \([\d.]+, kept\)", told)


def test_a_translators_beam_is_drawn_too_however_wide_and_long(lesson: dict[str, Any]) -> None:
    torch.manual_seed(0)
    sizes = {"embedding_dim": 6, "hidden_dim": 8, "num_layers": 2, "dropout": 0.5}
    encoder = lesson["Encoder"](10, **sizes, pad_id=9)
    decoder = lesson["Decoder"](11, **sizes, pad_id=10)
    model = lesson["Seq2Seq"](encoder, decoder, pad_id=10, bos_id=3, eos_id=2).eval()
    words = [f"incomprehensible{number}" for number in range(11)]
    search = lesson["beam_search"]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    (answers,) = search(model, torch.tensor([[5, 3, 7]]), torch.tensor([3]), 6, 9)
    told = pictures().own_beam(search, model, [5, 3, 7], 6, 9, words=words).words
    result = ", ".join(" ".join(words[t] for t in one.tokens) for one in answers)
    shown = told[told.index("Result: ") + 8 :].rstrip(".").split(", ")
    assert shown == [one for one in result.split(", ") if one in shown]
    assert shown[0] == result.split(", ")[0]
    assert not any(module.training for module in model.modules())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


# the questions, held against what the solution does


def test_the_answers_to_the_questions_are_what_the_solution_does(lesson: dict[str, Any]) -> None:
    right = {key: question.right for key, question in LESSON.questions.items()}
    toy = lesson["toy_model"]
    source, lengths = torch.tensor([[0]]), torch.tensor([1])
    (row,) = lesson["greedy_decode"](toy(), source, lengths, 4)
    assert float(right["greedy_row_0"]) == len(row)
    best = lesson["beam_search"](toy(), source, lengths, 2, 3)[0][0]
    assert float(right["beam_step_3"]) == round(torch.tensor(best.log_prob).exp().item(), 3)
    penalised = lesson["beam_search"](toy(), source, lengths, 2, 3, 1.0)[0]
    named = " and ".join(f"*{lesson['letters'](one.tokens)}*" for one in penalised)
    assert LESSON.questions["beam_penalty"].choices[right["beam_penalty"]] == named
    target = torch.tensor([[3, 0, 1, 2], [3, 0, 2, 4]])
    losses = []
    for ratio in (1.0, 0.0):
        model = toy()
        batch = torch.tensor([[0], [0]]), torch.tensor([1, 1]), target
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        losses.append(lesson["train_step"](model, optimizer, *batch, ratio))
    named = "higher" if losses[1] > losses[0] else "lower"
    assert LESSON.questions["free_running_loss"].choices[right["free_running_loss"]] == named
    assert float(right["loss_tokens"]) == int((target[:, 1:] != 4).sum())
    decoder = lesson["Decoder"](11, 6, 8, 2, 0.0, 10)
    logits, _ = decoder(torch.tensor([3, 3, 3]), (torch.zeros(2, 3, 8), torch.zeros(2, 3, 8)))
    shape = LESSON.questions["logits_shape"].choices[right["logits_shape"]]
    assert shape == str(tuple(logits.shape))
    assert float(right["untrained_probability"]) == round(1 / 11, 2)
    assert divmod(7, 5) == (int(right["parent_of_7"]), toy().eos_id)


def texts() -> list[str]:
    """The lesson's Markdown cells."""
    return [cell.source for cell in LESSON.source.cells if cell.cell_type == "markdown"]


def test_each_task_has_a_ladder_of_three_hints_before_its_cell() -> None:
    seen = ""
    for cell in LESSON.source.cells:
        if cell.cell_type == "markdown":
            seen += cell.source
        elif grade_id(cell) in PARTS:
            hints = re.findall(r"<details><summary>Hint (\d): (.*?)</summary>", seen)
            assert [number for number, _ in hints] == ["1", "2", "3"], grade_id(cell)
            assert hints[0][1] == "a question"
            seen = ""


def test_the_plan_of_minutes_adds_up_to_the_estimated_time() -> None:
    (plan,) = (text for text in texts() if "| part | minutes |" in text)
    minutes = [int(n) for n in re.findall(r"^\| .* \| (\d+) \|$", plan.split("| part |")[1], re.M)]
    assert len(minutes) > 5
    assert f"| **together** | **{sum(minutes)}** |" in plan
    assert f"**Estimated time**: {sum(minutes)} minutes" in plan
