"""Public checks of `Decoder`. Names, layout and initialisation of its parameters are free."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from checks.expect import Wrong, close, expect, expect_shape, kind

CONFIG: dict[str, Any] = {
    "vocab_size": 7,
    "embedding_dim": 2,
    "hidden_dim": 3,
    "num_layers": 2,
    "dropout": 0.3,
    "pad_id": 5,
}
RANDOM = {"seed": 1, "scale": 0.7}  # weights large enough for every input to matter
Decoding = tuple[Tensor, Tensor, Tensor]
Call = tuple[Tensor, ...]

CRASH = (
    "forward(previous, (h, c)) takes (B,) int64 and two (L, B, H) and returns logits, (h, c); an "
    "LSTM wants a time dimension: embed previous to (B, 1, E) when batch_first=True"
)


def decodings(report: Any, batch_sizes: list[int], config: dict[str, Any]) -> list[Decoding]:
    """Take (logits, h, c) of each call out of a report, or say what is wrong with it."""
    results: Any = report.get("results") if isinstance(report, dict) else None
    expect(
        isinstance(results, list) and len(results) == len(batch_sizes),
        "the answers of your decoder could not be read",
    )
    return [decoding(value, B, config) for value, B in zip(results, batch_sizes, strict=True)]


def decoding(value: Any, B: int, config: dict[str, Any]) -> Decoding:
    """Take one (logits, (h, c)) apart and check its shapes."""
    good = isinstance(value, list | tuple) and len(value) == 2
    expect(good, f"forward should return logits, (h, c); it returned {kind(value)}", CRASH)
    logits, state = value
    good = isinstance(state, list | tuple) and len(state) == 2
    expect(
        good,
        f"the second value returned should be the pair (h, c); it is {kind(state)}",
        "return the LSTM's new state, both h and c: the next step goes on from it",
    )
    L, H, V = config["num_layers"], config["hidden_dim"], config["vocab_size"]
    help = "one step, one row of logits a sentence: (B, V)"
    if isinstance(logits, Tensor) and logits.ndim == 3:
        help = "logits still has the time dimension: drop it with squeeze(1), not the batch's"
    elif isinstance(logits, Tensor) and logits.ndim < 2:
        help = "squeeze() without a dimension also drops a batch of one: say squeeze(1)"
    elif isinstance(logits, Tensor) and tuple(logits.shape) == (B, H):
        help = "the output layer from hidden_dim to vocab_size is missing"
    expect_shape(logits, (B, V), "logits", help)
    for tensor, name in ((state[0], "h"), (state[1], "c")):
        expect_shape(
            tensor, (L, B, H), name, "h and c hold every layer: (num_layers, batch, hidden_dim)"
        )
    for tensor, name in ((logits, "logits"), (state[0], "h"), (state[1], "c")):
        expect(tensor.is_floating_point(), f"{name} should hold floating-point numbers")
    return logits, state[0], state[1]


def expect_no_probabilities(logits: Tensor) -> None:
    """Refuse rows that are a softmax already; log-probabilities pass."""
    sums = logits.to(torch.float64).sum(1)  # (batch,)
    if bool((logits >= 0).all()) and close(sums, torch.ones_like(sums), atol=1e-4):
        raise Wrong(
            "your decoder returns probabilities, and logits (or log-probabilities) are wanted",
            "leave the softmax out: the loss and the searches apply log_softmax themselves",
        )


def draw_call(generator: torch.Generator, B: int, config: dict[str, Any]) -> Call:
    """A random (previous, h, c), without PAD."""
    words = torch.tensor([i for i in range(config["vocab_size"]) if i != config["pad_id"]])
    previous = words[torch.randint(len(words), (B,), generator=generator)]
    size = (config["num_layers"], B, config["hidden_dim"])
    c = torch.randn(size, generator=generator)
    return previous, torch.tanh(torch.randn(size, generator=generator)), c


def expect_arguments_unchanged(report: dict[str, Any], calls: list[Call]) -> None:
    """Compare what the decoder was given with what is left of it."""
    after: Any = report.get("calls")
    good = isinstance(after, list) and len(after) == len(calls)
    for call, left in zip(calls, after if good else [], strict=good):
        same = isinstance(left, list | tuple) and len(left) == len(call)
        good = good and same and all(equal(x, y) for x, y in zip(left, call, strict=True))
    expect(
        good,
        "previous, h or c is changed by a decoder step",
        "make new tensors: `h += ...`, `h[0] = ...` and methods ending in _ overwrite the "
        "caller's state, which beam search needs again",
    )


def equal(value: Any, tensor: Tensor) -> bool:
    """Whether a value is this very tensor."""
    return isinstance(value, Tensor) and torch.equal(value, tensor)


@pytest.mark.graded(weight=1, on_crash=CRASH)
def test_returns_logits_and_state(student: Any, generator: torch.Generator) -> None:
    """Your decoder returns logits (B, V) and the new state (h, c), for any batch, even of one."""
    for layers in (2, 1):
        config = {**CONFIG, "num_layers": layers}
        for size in (3, 1):
            calls = [draw_call(generator, size, config)]
            report = student.decode(config=config, filling=RANDOM, calls=calls)
            decodings(report, [size], config)


@pytest.mark.graded(weight=2, needs=["returns_logits_and_state"], on_crash=CRASH)
def test_takes_one_step_as_an_lstm(student: Any) -> None:
    """One step's logits and state are embedding, LSTM and linear layer, worked out by hand."""
    v = 0.5  # every weight and bias of the LSTM
    config = {**CONFIG, "num_layers": 1}
    table = torch.zeros(7, 2)
    table[3] = torch.tensor([0.3, 0.4])
    weight = torch.arange(21.0).reshape(7, 3) / 10 - 1  # of the output layer, (V, H)
    bias = torch.tensor([0.5, -0.5, 0.0, 1.0, 0.0, -1.0, 0.0])
    h, c = torch.tensor([0.1, -0.2, 0.4]), torch.tensor([2.0, -1.0, 3.0])
    filling = {"embedding": table, "constant": v, "output": weight, "bias": bias}
    calls = [(torch.tensor([3]), h.reshape(1, 1, 3), c.reshape(1, 1, 3))]
    report = student.decode(config=config, filling=filling, calls=calls)
    logits, new_h, new_c = decodings(report, [1], config)[0]
    expect_no_probabilities(logits)

    def step(h: Tensor, c: Tensor, biases: int) -> tuple[Tensor, Tensor]:
        gate = v * (0.3 + 0.4) + v * float(h.sum()) + biases * v
        open_by = 1 / (1 + math.exp(-gate))
        cell = open_by * c + open_by * math.tanh(gate)  # (hidden,)
        return open_by * torch.tanh(cell), cell

    def is_state(pair: tuple[Tensor, Tensor]) -> bool:
        return close(new_h.flatten(), pair[0]) and close(new_c.flatten(), pair[1])

    def scores(hidden: Tensor) -> Tensor:
        return log_softmax(weight @ hidden + bias, 0)

    right = [step(h, c, biases) for biases in (1, 2)]  # one or two bias vectors
    known = {
        "the new h and c are returned in the wrong order": [(b, a) for a, b in right],
        "h and c are swapped before they enter the LSTM": [step(c, h, n) for n in (1, 2)],
        "the state your decoder is given is not used": [step(0 * h, 0 * c, n) for n in (1, 2)],
        "the cell state your decoder is given is not used": [step(h, 0 * c, n) for n in (1, 2)],
        "the hidden state is used as cell state": [step(h, h, n) for n in (1, 2)],
        "your decoder returns the state it was given, not the new one": [(h, c)],
    }
    if not any(map(is_state, right)):
        for mistake, pairs in known.items():
            expect(not any(map(is_state, pairs)), mistake, "state is the pair (h, c), in and out")
        raise Wrong(
            "with every LSTM weight and bias 0.5, the new h and c are not those of an LSTM step: "
            f"the new c should be {[[round(x, 4) for x in c.tolist()] for _, c in right]} (one or "
            f"two biases), yours is {[round(x, 4) for x in new_c.flatten().tolist()]}",
            "c' = f * c + i * g and h' = o * tanh(c'), where the gates see the embedding of "
            "previous and the h that is given",
        )
    actual = log_softmax(logits.flatten(), 0)
    if close(actual, scores(h)):
        raise Wrong(
            "logits come from the old h, not the new one", "first the LSTM, then the linear"
        )
    if any(close(actual, scores(cell)) for _, cell in right):
        raise Wrong("logits come from the cell state c, not from h", "the linear layer reads h'")
    expect(
        any(close(actual, scores(hidden)) for hidden, _ in right),
        "the state is right, and the logits are not the output layer's weight @ h' + bias",
        "logits = linear(new top-layer h), with a bias and no activation before or after",
    )


@pytest.mark.graded(weight=1, needs=["returns_logits_and_state"], on_crash=CRASH)
def test_every_input_matters(student: Any, generator: torch.Generator) -> None:
    """The logits depend on the previous token and on h and c of every layer."""
    previous, h, c = draw_call(generator, 2, CONFIG)
    calls: list[Call] = [(previous, h, c)]
    names = ["the previous token"]
    calls.append(((previous + 1 + (previous + 1 == 5)) % 7, h, c))  # 5 is PAD
    for layer in range(2):
        changed = torch.zeros_like(h)
        changed[layer] = 0.5
        calls += [(previous, h + changed, c), (previous, h, c + changed)]
        names += [f"h of layer {layer}", f"c of layer {layer}"]
    report = student.decode(config=CONFIG, filling=RANDOM, calls=calls)
    (logits, _, _), *others = decodings(report, [2] * len(calls), CONFIG)
    for name, (other, _, _) in zip(names, others, strict=True):
        moved = (log_softmax(logits, 1) - log_softmax(other, 1)).abs().amax(1)  # (batch,)
        expect(
            bool((moved > 1e-6).all()),
            f"changing {name} does not change the logits",
            "the LSTM reads the embedding of previous and starts from the whole state, all layers",
        )


@pytest.mark.graded(weight=1, needs=["takes_one_step_as_an_lstm"], on_crash=CRASH)
def test_remembers_nothing_itself(student: Any, generator: torch.Generator) -> None:
    """The same token and state give the same answer, whatever was asked in between."""
    first, other = draw_call(generator, 3, CONFIG), draw_call(generator, 3, CONFIG)
    calls = [first, other, first]
    report = student.decode(config=CONFIG, filling=RANDOM, calls=calls)
    one, _, again = decodings(report, [3, 3, 3], CONFIG)
    expect_arguments_unchanged(report, calls)
    expect(
        all(close(x, y) for x, y in zip(one, again, strict=True)),
        "asked the same again in eval mode, your decoder answers differently",
        "keep no state on self: all memory is in the (h, c) that is passed in and returned; and "
        "F.dropout needs training=self.training",
    )


@pytest.mark.graded(weight=1, needs=["returns_logits_and_state"], on_crash=CRASH)
def test_drops_out_embeddings_in_training_only(student: Any, generator: torch.Generator) -> None:
    """Dropout on the embeddings changes the new state in train mode, and never in eval mode."""
    config = {**CONFIG, "num_layers": 1, "dropout": 0.5}
    calls = [draw_call(generator, 2, config)] * 8
    for training in (False, True):
        report = student.decode(config=config, filling=RANDOM, calls=calls, training=training)
        first, *others = decodings(report, [2] * 8, config)
        same = all(close(first[1], h) for _, h, _ in others)
        if training:
            expect(
                not same,
                "in train mode with dropout 0.5, eight steps from one state gave the same new h",
                "apply nn.Dropout(dropout) to the embedding; nn.LSTM's own dropout argument does "
                "nothing for a single layer",
            )
        else:
            expect(
                same,
                "in eval mode the same step gives different answers",
                "F.dropout is active unless told training=self.training",
            )
