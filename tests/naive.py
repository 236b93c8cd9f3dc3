"""The suite a busy person would write: shapes, a falling loss, well-formed hypotheses.

A yardstick only, and of `seq2seq` alone: `make measure` sets what it catches beside what the
hidden suites catch.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import signal
from typing import Any

import torch

from autograder.assignment import Assignment
from autograder.notebook.repair import repair
from checks.program import Cell, fresh_module, run_cells

from .corpus import CALL_SECONDS, Entry

ASSIGNMENT = Assignment("seq2seq")
CONFIG = {"embedding_dim": 6, "hidden_dim": 8, "num_layers": 2, "dropout": 0.0, "pad_id": 0}
VOCABULARY = 11


def caught_by_naive_suite(corpus: list[Entry]) -> set[str]:
    """The entries that shapes, a falling loss or the form of a translation give away."""
    with multiprocessing.get_context("fork").Pool(maxtasksperchild=1) as pool:
        verdicts = pool.map(_caught, corpus, chunksize=1)
    return {entry.id for entry, caught in zip(corpus, verdicts, strict=True) if caught}


def _caught(entry: Entry) -> bool:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            lesson = _lesson(entry)  # before the alarm, which running cells would turn off
            signal.signal(signal.SIGPROF, _late)
            signal.setitimer(signal.ITIMER_PROF, CALL_SECONDS)
            CHECKS[entry.task](lesson)
    except Exception:
        return True
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return False


def _late(*_: object) -> None:
    raise TimeoutError


def _lesson(entry: Entry) -> Any:
    module = fresh_module("naive_submission")
    cells = repair(ASSIGNMENT.source, ASSIGNMENT.source).cells
    run_cells(
        [Cell(c.label, entry.code if c.label == entry.task else c.code, c.whole) for c in cells],
        module,
    )
    return module


def _model(lesson: Any) -> Any:
    torch.manual_seed(0)
    encoder = lesson.Encoder(vocab_size=VOCABULARY, **CONFIG)
    decoder = lesson.Decoder(vocab_size=VOCABULARY, **CONFIG)
    return lesson.Seq2Seq(encoder, decoder, 0, 1, 2)


SOURCE = torch.tensor([[3, 4, 5, 6], [7, 8, 0, 0], [9, 10, 3, 0]])
LENGTHS = torch.tensor([4, 2, 3])
TARGET = torch.tensor([[1, 5, 6, 7, 2], [1, 8, 2, 0, 0], [1, 9, 10, 2, 0]])


def _encoder(lesson: Any) -> None:
    outputs, (h, c) = _model(lesson).encoder(SOURCE, LENGTHS)
    assert outputs.shape == (3, 4, 8)
    assert h.shape == c.shape == (2, 3, 8)


def _decoder(lesson: Any) -> None:
    state = (torch.zeros(2, 3, 8), torch.zeros(2, 3, 8))
    logits, (h, c) = _model(lesson).decoder(TARGET[:, 0], state)
    assert logits.shape == (3, VOCABULARY)
    assert h.shape == c.shape == (2, 3, 8)


def _teacher_forcing(lesson: Any) -> None:
    model = _model(lesson)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = [
        float(lesson.train_step(model, optimizer, SOURCE, LENGTHS, TARGET)) for _ in range(30)
    ]
    assert losses[-1] < losses[0]


def _greedy(lesson: Any) -> None:
    rows = lesson.greedy_decode(_model(lesson), SOURCE, LENGTHS, 7)
    assert len(rows) == 3
    assert all(isinstance(row, list) and 1 <= len(row) <= 7 for row in rows)


def _beam_search(lesson: Any) -> None:
    rows = lesson.beam_search(_model(lesson), SOURCE, LENGTHS, 3, 7)
    assert len(rows) == 3
    for row in rows:
        assert 1 <= len(row) <= 3
        scores = [score for _, _, score in row]
        assert scores == sorted(scores, reverse=True)
        assert all(1 <= len(tokens) <= 7 for tokens, _, _ in row)


CHECKS = {
    "encoder": _encoder,
    "decoder": _decoder,
    "teacher_forcing": _teacher_forcing,
    "greedy": _greedy,
    "beam_search": _beam_search,
}
