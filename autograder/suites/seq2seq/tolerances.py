"""How far the solution's numbers spread where nothing is wrong; tolerances leave room for more.

`python -m autograder.suites.seq2seq.tolerances` prints the table of docs/devices.md: the largest
difference of each quantity between 1 and 2 threads, float32 and float64, a batch packed and each
row alone, and the CPU and a GPU where there is one. Differences are as in `devices.py`: of numbers
up to 1 absolute, of larger ones relative.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from autograder.assignment import Assignment
from autograder.notebook.repair import repair
from checks.program import Lesson, fresh_module, run_cells
from checks.seq2seq.shared.devices import arithmetic

from .devices import TOLERANCES, difference

SEEDS = 5
SIZES: dict[str, Any] = {  # as large as the lesson's translator, and as long as its sentences
    "vocab_size": 600,
    "embedding_dim": 64,
    "hidden_dim": 128,
    "num_layers": 2,
    "dropout": 0.0,
    "pad_id": 0,
}
B, S, T = 32, 25, 25  # rows, source and target positions

Quantities = dict[str, Tensor]  # (n,) float64


def solution() -> Lesson:
    """The names of the instructor's notebook."""
    source = Assignment("seq2seq").source
    module = fresh_module("autograder_tolerances")
    with redirect_stdout(io.StringIO()):
        run_cells(repair(source, source).cells, module)
    return Lesson(module.__dict__)


def quantities(
    lesson: Lesson, seed: int, dtype: torch.dtype = torch.float32, device: str = "cpu"
) -> Quantities:
    """What is compared on a device, of the solution with weights and a batch drawn from a seed."""
    torch.manual_seed(seed)
    encoder, decoder = lesson.Encoder(**SIZES), lesson.Decoder(**SIZES)
    model = lesson.Seq2Seq(encoder, decoder, 0, 1, 2).to(device, dtype)
    batch = [tensor.to(device) for tensor in draw_batch(seed)]
    source, lengths, target = batch
    real = torch.arange(S, device=device) < lengths[:, None]
    outputs, state = model.encoder(source, lengths)
    logits, state = model.decoder(target[:, 1], state)
    values = {"outputs": outputs[real], "state": torch.stack(state)}
    values["log-probabilities"] = log_softmax(logits, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = [lesson.train_step(model, optimizer, *batch) for _ in range(4)]
    values["losses"] = torch.tensor([float(loss) for loss in losses], dtype=torch.float64)
    values["gradients"] = torch.cat([p.grad.flatten() for p in model.parameters()])
    values["weights"] = torch.cat([p.detach().flatten() for p in model.parameters()])
    return {name: value.detach().cpu().double().flatten() for name, value in values.items()}


def draw_batch(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Source, its lengths, and target; the same on every device."""
    generator = torch.Generator().manual_seed(seed)
    source = torch.randint(3, SIZES["vocab_size"], (B, S), generator=generator)
    target = torch.randint(3, SIZES["vocab_size"], (B, T), generator=generator)
    lengths = torch.randint(1, S + 1, (B,), generator=generator)
    target[:, 0] = 1
    return source, lengths, target


def rows_apart(lesson: Lesson, seed: int, device: str = "cpu") -> dict[str, float]:
    """Outputs and states of a batch that is packed, against each row alone without padding."""
    torch.manual_seed(seed)
    encoder = lesson.Encoder(**SIZES).eval().to(device)
    source, lengths, _ = (tensor.to(device) for tensor in draw_batch(seed))
    largest_apart = {"outputs": 0.0, "state": 0.0}
    with torch.no_grad():
        outputs, state = encoder(source, lengths)
        for row, length in enumerate(lengths.tolist()):
            alone, own = encoder(source[row : row + 1, :length], lengths[row : row + 1])
            pairs = {
                "outputs": (outputs[row, :length], alone[0]),
                "state": (torch.stack(state)[:, :, row], torch.stack(own)[:, :, 0]),
            }
            for name, (one, other) in pairs.items():
                apart = difference(one.double().flatten(), other.double().flatten())
                largest_apart[name] = max(largest_apart[name], apart)
    return largest_apart


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads for one operation."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def spread(one: Quantities, other: Quantities) -> dict[str, float]:
    """The largest difference of each quantity."""
    return {name: difference(value, other[name]) for name, value in one.items()}


def on_two_threads(lesson: Lesson, seed: int) -> dict[str, float]:
    """1 thread against 2."""
    with threads(1):
        one = quantities(lesson, seed)
    with threads(2):
        return spread(one, quantities(lesson, seed))


def in_float64(lesson: Lesson, seed: int) -> dict[str, float]:
    """float32 against float64."""
    return spread(quantities(lesson, seed), quantities(lesson, seed, torch.float64))


def on_a_gpu(lesson: Lesson, seed: int) -> dict[str, float]:
    """The CPU against a GPU."""
    with arithmetic():
        return spread(quantities(lesson, seed), quantities(lesson, seed, device="cuda"))


def table() -> list[str]:
    """The table, as Markdown."""
    measured: dict[str, Callable[[Lesson, int], dict[str, float]]] = {
        "threads 1, 2": on_two_threads,
        "float32, float64": in_float64,
        "packed, alone": rows_apart,
    }
    if torch.cuda.is_available():
        measured["CPU, GPU"] = on_a_gpu
    lesson = solution()
    columns = {name: [ask(lesson, seed) for seed in range(SEEDS)] for name, ask in measured.items()}
    lines = [
        "| quantity | " + " | ".join([*columns, *absent(columns)]) + " | tolerance |",
        "|---|" + "---|" * (len(columns) + len(absent(columns)) + 1),
    ]
    for name, tolerance in TOLERANCES.items():
        cells = [largest(spreads, name) for spreads in columns.values()]
        cells += ["not measured: no GPU was available"] * len(absent(columns))
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {tolerance:.0e} |")
    return lines


def absent(columns: dict[str, Any]) -> list[str]:
    """The column that this machine cannot fill."""
    return [] if "CPU, GPU" in columns else ["CPU, GPU"]


def largest(measured: list[dict[str, float]], name: str) -> str:
    """The largest spread over the seeds, or a dash for what this comparison does not touch."""
    values = [spreads[name] for spreads in measured if name in spreads]
    return f"{max(values):.1e}" if values else "–"


if __name__ == "__main__":
    print("\n".join(table()))
