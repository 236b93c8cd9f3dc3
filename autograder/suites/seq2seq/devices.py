"""Compares a submission on a device with itself on the CPU, and with the solution on that device.

Nothing here is part of a mark. Tensors are compared number by number, within tolerances that
`tolerances.py` measures; translations by the score they lose, since rounding may decide a tie.
Where student and solution already differ on the CPU, they are not compared on the device.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from checks.expect import Wrong
from checks.seq2seq.greedy.forms import token_rows
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.answers import hypothesis_rows
from checks.verdicts import StudentFault

from .encoder.oracle import draw_source, draw_table
from .shared import quality
from .shared.lstm import CONFIG
from .teacher_forcing.cases import IDS, draw_free_running, step_of

# largest difference allowed, of numbers of size 1; docs/devices.md says what they are measured from
TOLERANCES = {
    "outputs": 1e-4,
    "state": 1e-4,
    "log-probabilities": 1e-4,
    "gradients": 1e-3,
    "losses": 1e-4,
    "weights": 1e-3,
    "regret": quality.REGRET,
}
SETTINGS = {
    "float32": "TensorFloat-32 is off for matrix products and for cuDNN",
    "determinism": "cuDNN deterministic, no benchmark, CUBLAS_WORKSPACE_CONFIG=:4096:8",
    "dropout": "0: masks differ between devices even with equal seeds",
    "teacher_forcing_ratio": "0 in the first step, 1 in the others: no coins",
}
UNDROPPED = {**CONFIG, "dropout": 0.0}
SCALE = 0.21  # of all LSTM weights, so that student and solution have the same ones
SIZES = ("vocab_size", "embedding_dim", "hidden_dim", "num_layers")
LOST = 1e9  # the difference of what cannot be compared

Values = dict[str, Tensor | None]  # quantity -> all its numbers, (n,)
Ask = Callable[[Probed, str], Values]  # of a side on a device


def compare(
    student: Probed, solution: Probed, salt: str, device: str, tasks: Sequence[str]
) -> dict[str, Any]:
    """The comparison of each task, the settings, and whether all agree."""
    results = {task: compared(student, solution, ASKS[task](salt, task), device) for task in tasks}
    agrees = all(task["agrees"] for task in results.values())
    return {"agrees": agrees, "settings": SETTINGS, "tasks": results}


def compared(student: Probed, solution: Probed, ask: Ask, device: str) -> dict[str, Any]:
    """One task: the largest differences, or why there are none."""
    try:
        here = ask(student, "cpu")
    except (StudentFault, Wrong):
        return {"agrees": True, "why": "not compared: it fails on the CPU too"}
    try:
        there = ask(student, device)
    except StudentFault as fault:
        return {"agrees": False, "why": f"{fault.verdict} there, not on the CPU"}
    except Wrong:
        return {"agrees": False, "why": "it returns something else there than on the CPU"}
    right_here, right_there = ask(solution, "cpu"), ask(solution, device)
    quantities = {}
    for name, limit in TOLERANCES.items():
        if here.get(name) is None:  # another quantity, or what the mark says enough of
            continue
        apart = regret if name == "regret" else difference
        own = apart(there[name], here[name])
        as_solution = apart(here[name], right_here[name]) <= limit
        other = apart(there[name], right_there[name]) if as_solution else None
        quantities[name] = {
            "tolerance": limit,
            "from the CPU": rounded(own),
            "from the solution there": rounded(other),
            "agrees": own <= limit and (other is None or other <= limit),
        }
    return {"agrees": all(q["agrees"] for q in quantities.values()), "quantities": quantities}


def difference(one: Tensor | None, other: Tensor | None) -> float:
    """The largest difference, relative to numbers beyond 1; `LOST` where there is none."""
    if one is None or other is None or one.shape != other.shape:
        return LOST
    size = other.abs().clamp(min=1.0)
    largest = ((one - other).abs() / size).max().item() if len(one) else 0.0
    return largest if largest < LOST else LOST  # NaN too


def regret(one: Tensor | None, other: Tensor | None) -> float:
    """The mean score by which one falls behind the other, where it does."""
    if one is None or other is None or one.shape != other.shape:
        return LOST
    return (other - one).clamp(min=0.0).mean().item()


def rounded(value: float | None) -> float | None:
    """Two digits; None for what could not be compared."""
    return None if value is None or value == LOST else float(f"{value:.1e}")


def numbers(value: Any) -> Tensor | None:
    """All numbers in a value, (n,) float64; None if anything else is in it."""
    if isinstance(value, Tensor):
        return value.double().flatten()
    if type(value) in (int, float):
        return torch.tensor([float(value)], dtype=torch.float64)
    if isinstance(value, list | tuple):
        parts = [numbers(part) for part in value]
        whole = [part for part in parts if part is not None]
        if whole and len(whole) == len(parts):
            return torch.cat(whole)
    return None


def part(report: Any, name: str) -> Any:
    """A part of what a probe reported."""
    return report.get(name) if isinstance(report, dict) else None


def drawer(salt: str, task: str) -> torch.Generator:
    """A generator for a task's inputs."""
    digest = hashlib.sha256(f"{salt}:{task} on a device".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


def encoder(salt: str, task: str) -> Ask:
    """States, outputs at real positions, and gradients."""
    generator = drawer(salt, task)
    source, lengths = draw_source(generator, [3, 7, 1, 5], 8)
    real = torch.arange(8) < lengths[:, None]
    filling = {"embedding": draw_table(generator), "constant": SCALE}
    given: dict[str, Any] = {"config": UNDROPPED, "filling": filling}
    given |= {"source": source, "source_lengths": lengths}

    def ask(side: Probed, device: str) -> Values:
        report = side.encoder_on(**given, device=device)
        outputs = part(report, "outputs")
        fits = isinstance(outputs, Tensor) and outputs.shape[:2] == real.shape
        return {
            "outputs": numbers(outputs[real]) if fits else None,
            "state": numbers(part(report, "state")),
            "gradients": numbers(part(report, "gradients")),
        }

    return ask


def decoder(salt: str, task: str) -> Ask:
    """Log-probabilities, states and gradients."""
    generator = drawer(salt, task)
    V, E, H, L = (CONFIG[name] for name in SIZES)
    words = torch.randperm(V, generator=generator)
    shapes = {"embedding": (V, E), "output": (V, H), "bias": (V,)}
    drawn = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    h, c = torch.randn(2, L, 5, H, generator=generator).unbind()
    given: dict[str, Any] = {
        "config": UNDROPPED,
        "filling": {"constant": SCALE, **drawn},
        "previous": words[words != CONFIG["pad_id"]][:5],
        "h": h,
        "c": c,
    }

    def ask(side: Probed, device: str) -> Values:
        report = side.decoder_on(**given, device=device)
        logits = part(report, "logits")
        fits = isinstance(logits, Tensor) and logits.ndim == 2
        return {
            "log-probabilities": numbers(log_softmax(logits.double(), 1)) if fits else None,
            "state": numbers(part(report, "state")),
            "gradients": numbers(part(report, "gradients")),
        }

    return ask


def train_step(salt: str, task: str) -> Ask:
    """Losses, the last gradients, and the weights after four steps.

    The first step runs free, on weights with which no word is nearly as likely as the best; the
    optimizer is SGD: Adam makes a full step of a gradient that is but rounding.
    """
    weights, batch = draw_free_running(drawer(salt, task))
    ratios = (0.0, 1.0, 1.0, 1.0)
    given: dict[str, Any] = {"weights": weights, "ids": IDS, "optimizer": "SGD"}
    given |= {"learning_rate": 0.1}
    steps = [step_of(batch, teacher_forcing_ratio=ratio, clip=1.0) for ratio in ratios]

    def ask(side: Probed, device: str) -> Values:
        report = side.train_step_on(**given, steps=steps, device=device)
        return {name: numbers(part(report, name)) for name in ("losses", "gradients", "weights")}

    return ask


def search(salt: str, task: str) -> Ask:
    """The score of each sentence's translation, by the judge's own reckoning."""
    case = quality.hidden_sentences(salt)
    rows, width = len(case.pairs), 4
    given: dict[str, Any] = {"model": case.model, **case.inputs}
    given |= {"max_length": quality.MAX_LENGTH}

    def ask(side: Probed, device: str) -> Values:
        if task == "greedy":
            run = {"result": part(side.greedy_on(**given, device=device), "result")}
            said = token_rows(run | UNCOUNTED, rows)
        else:
            run = {"result": part(side.beam_on(**given, beam_width=width, device=device), "result")}
            said = [row[0].tokens for row in hypothesis_rows(run | UNCOUNTED, rows, width)]
        scores = torch.tensor(quality.log_probs(case, said), dtype=torch.float64)
        return {"regret": scores if quality.complete(case, said) else None}

    return ask


UNCOUNTED = {"over": False, "unknown": 0}  # decoder rows and strange sentences

ASKS: dict[str, Callable[[str, str], Ask]] = {
    "encoder": encoder,
    "decoder": decoder,
    "teacher_forcing": train_step,
    "greedy": search,
    "beam_search": search,
}
