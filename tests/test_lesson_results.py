"""Section 5 of the lesson: results of one's own code, recorded ones where it is not finished."""

from __future__ import annotations

import os
import random
import re
import shutil
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import nbformat
import pandas as pd
import pytest
import torch
from nbclient import NotebookClient
from nbformat import NotebookNode
from torch import Tensor
from torch.nn import functional

from autograder.assignment import Assignment
from data.pairs import Pair, load_pairs, save_pairs, tokenize
from data.vocabulary import Vocabulary

ASSIGNMENT = Assignment("seq2seq")
HOME = ASSIGNMENT.lesson.parent
TASKS = ["encoder", "decoder", "teacher_forcing", "greedy", "beam_search"]
RECORDED = HOME / "handout" / "recorded"  # beside the modules, once handed out
MARK = "RECORDED with the reference solution, not yours"
OWN = pd.DataFrame({"BLEU": [1.0]})


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules beside the lesson can be imported."""
    monkeypatch.syspath_prepend(str(HOME))


@pytest.fixture
def stand_ins(beside: None, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = import_module("stand_ins")
    monkeypatch.setattr(module, "FOLDER", RECORDED)
    return module


def results(stand_ins: ModuleType, own: list[str]) -> Any:
    """Results where these tasks are one's own, and no check is run."""
    made = stand_ins.Results({}, recorded_only=True)
    made.recorded_only, made.own = False, set(own)
    return made


def fails() -> pd.DataFrame:
    raise IndexError("index 3 is out of bounds")


@pytest.mark.parametrize("missing", TASKS[:4])
def test_a_result_whose_tasks_are_not_all_finished_is_recorded_and_says_why(
    stand_ins: ModuleType, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    own = [task for task in TASKS if task not in (missing, "beam_search")]
    table = results(stand_ins, own).of("lengths", fails, needs=["greedy"])
    assert table.attrs["recorded"]
    assert f"{MARK} (not finished: {missing})" in capsys.readouterr().out


def test_a_result_whose_tasks_are_finished_is_ones_own_whatever_else_is_missing(
    stand_ins: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    made = results(stand_ins, TASKS[:4])
    capsys.readouterr()
    assert made.of("lengths", lambda: OWN, needs=["greedy"]) is OWN
    assert capsys.readouterr().out == ""


def test_an_error_in_ones_own_code_is_told_and_nothing_stops(
    stand_ins: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    made = results(stand_ins, TASKS)
    assert made.of("beams", fails, needs=["greedy"]).attrs["recorded"]
    assert "your code stopped with IndexError: index 3 is out of bounds" in capsys.readouterr().out
    assert made.of("lengths", lambda: OWN, needs=["greedy"]) is OWN


def test_what_needs_a_translator_is_recorded_where_training_it_failed(
    stand_ins: ModuleType,
) -> None:
    made = results(stand_ins, TASKS)
    made.of("training", fails)
    assert made.of("lengths", lambda: OWN, needs=["greedy"]).attrs["recorded"]


def test_a_misspelt_task_is_named(stand_ins: ModuleType) -> None:
    with pytest.raises(ValueError, match="there is no task 'greedi'"):
        stand_ins.Results({}, anyway={"greedi"}, recorded_only=True)


def test_a_result_that_was_never_recorded_is_told_in_a_sentence(stand_ins: ModuleType) -> None:
    with pytest.raises(stand_ins.NotRecorded, match=r"no result to show \(not finished: encoder"):
        results(stand_ins, TASKS[1:]).of("no such experiment", fails)


# the notebook as it is handed out


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    """The release, run from top to bottom with nothing written in it."""
    folder = tmp_path_factory.mktemp("release") / "seq2seq"
    shutil.copytree(ASSIGNMENT.release, folder)
    notebook = nbformat.read(folder / "seq2seq.ipynb", 4)
    environment = {key: v for key, v in os.environ.items() if key != "NBGRADER_EXECUTION"}
    client = NotebookClient(notebook, resources={"metadata": {"path": str(folder)}})
    return client.execute(env=environment)


def outputs(notebook: NotebookNode, kind: str) -> list[NotebookNode]:
    return [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == kind
    ]


@pytest.mark.long
def test_run_all_of_an_untouched_notebook_reaches_the_end(untouched: NotebookNode) -> None:
    code = [cell for cell in untouched.cells if cell.cell_type == "code" and cell.source]
    assert [cell.source for cell in code if cell.execution_count is None] == []
    for error in outputs(untouched, "error"):
        assert error.ename in ("CheckFailed", "NotImplementedError", "NotRecorded"), error.evalue


def test_what_is_recorded_is_shown_with_its_figure_and_marked(untouched: NotebookNode) -> None:
    cells = {
        match[1]: cell
        for cell in untouched.cells
        if (match := re.search(r'results\.of\(\s*"(\w+)"', cell.source))
    }
    recorded = {path.stem for path in RECORDED.glob("*.csv")}
    assert recorded
    assert recorded <= set(cells)
    for name, cell in cells.items():
        said = "".join(output.get("text", "") for output in cell.outputs)
        pictures = [output for output in cell.outputs if "image/png" in output.get("data", {})]
        if name in recorded:
            assert f"{MARK} (not finished: encoder, decoder, teacher_forcing" in said, name
            assert len(pictures) == cell.source.count("plots."), name
        else:
            (error,) = cell.outputs
            assert error.evalue.startswith("no result to show (not finished: encoder"), name


# real sentences


def write(folder: Path, pairs: list[Pair]) -> Path:
    path = folder / "real.txt"
    save_pairs(path, pairs)
    return path


def test_real_sentences_are_cut_counted_and_parted_by_sentence(
    beside: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentences = import_module("sentences")
    pairs = [
        Pair(f"{verb} the {noun} now.", f"{said} le {noun} {word}.")
        for noun in (f"noun{number}" for number in range(60))
        for verb, said in (("take", "prends"), ("see", "vois"))
        for word in ("maintenant", "tout de suite")
    ]
    long = [Pair("so " * 12 + ".", "si .")] * 5
    corpus = sentences.load_corpus(write(tmp_path, pairs + long))
    assert "240 of 245 pairs have at most 12 tokens a side" in capsys.readouterr().out
    training = {pair.source for pair in corpus.training}
    validation = [pair.source for pair in corpus.validation]
    assert training
    assert validation
    assert not training.intersection(validation)
    assert len(validation) == len(set(validation))
    assert len(corpus.training) == 2 * len(training)
    assert {tokenize(sentence)[0] for sentence in training} == {"take", "see"}


def test_rare_words_are_unknown_and_told(
    beside: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentences = import_module("sentences")
    pairs = [Pair(f"i see thing{number}.", f"je vois chose{number}.") for number in range(200)]
    corpus = sentences.load_corpus(write(tmp_path, pairs))
    assert corpus.source_vocabulary.words[4:] == [".", "i", "see"]
    told = capsys.readouterr().out
    assert "25.0 % of the English validation words are unknown: thing" in told
    assert "25.0 % of the French validation words are unknown: chose" in told


def test_a_file_with_too_few_sentences_is_refused(beside: None, tmp_path: Path) -> None:
    sentences = import_module("sentences")
    with pytest.raises(ValueError, match="expected sentences for training and for validation"):
        sentences.load_corpus(write(tmp_path, [Pair("go.", "va !")]))


class RemembersTheFirstWord:
    """An encoder whose context holds the word that it read last, and nothing else."""

    def __init__(self, words: int) -> None:
        self.words = words

    def __call__(self, source: Tensor, lengths: Tensor) -> tuple[None, tuple[Tensor, Tensor]]:
        last = source[torch.arange(len(source)), lengths - 1]  # (batch,)
        h = functional.one_hot(last, self.words).float()[None]  # (1, batch, words)
        return None, (h, torch.zeros_like(h))


def test_the_probe_finds_what_a_context_holds_and_nothing_else(beside: None) -> None:
    generator = random.Random(0)
    words = [f"w{number}" for number in range(8)]
    pairs = [
        Pair(" ".join(generator.choices(words, k=generator.choice([6, 12]))), "oui")
        for _ in range(900)
    ]
    source = Vocabulary.from_sentences(pair.source for pair in pairs)
    target = Vocabulary.from_sentences(pair.target for pair in pairs)
    tools = import_module("training").Toolbox(lambda: None, {}, source, target)
    model = SimpleNamespace(encoder=RemembersTheFirstWord(len(source)), eval=lambda: None)
    found = import_module("experiments").remembered(
        model, tools, pairs[:500], pairs[500:], groups={"short": (1, 6), "long": (7, 20)}
    )
    places = found.groupby("source tokens")["place"].max().to_dict()
    assert places == {"short": 5, "long": 11}  # the end is not asked for
    first = found["place"] == 1
    assert (found[first]["right %"] == 100).all()
    assert (found[~first]["right %"] < 40).all()
    assert (found["most frequent %"] < 40).all()


def test_what_is_recorded_is_of_this_corpus(beside: None) -> None:
    dev = load_pairs(ASSIGNMENT.release / "data" / "dev.tsv")
    table = pd.read_csv(RECORDED / "translations.csv")
    short, long = import_module("experiments").examples(dev)
    assert list(zip(table["source"], table["reference"], strict=True)) == short + long
    lengths = [len(pair.source.split()) for pair in dev]  # as the lesson's cell counts them
    assert pd.read_csv(RECORDED / "contexts.csv")["length"].tolist() == lengths


def test_most_of_the_short_translations_that_are_shown_are_right(beside: None) -> None:
    dev = load_pairs(ASSIGNMENT.release / "data" / "dev.tsv")
    short, long = import_module("experiments").examples(dev)
    assert len(short) == 12
    assert len(long) == 3
    table = pd.read_csv(RECORDED / "translations.csv")
    assert (table["beam 5"] == table["reference"])[: len(short)].sum() >= 8
