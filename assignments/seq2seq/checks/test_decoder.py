"""Public checks of `Decoder`. Names, layout and initialisation of its parameters are free."""

from __future__ import annotations

import math
from collections.abc import Callable
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
Pair = tuple[Tensor, Tensor]

CRASH = (
    "forward(previous, (h, c)) takes ids (B,), each below vocab_size, and h and c (L, B, H); the "
    "LSTM has num_layers layers and wants a time dimension: with batch_first=True, embed previous "
    "to (B, 1, E)"
)
MISSING = {  # what every decoder learns
    "embedding": "an embedding (vocab_size, embedding_dim)",
    "lstm": "an LSTM",
    "output": "an output layer (vocab_size, hidden_dim)",
    "bias": "the output layer's bias (vocab_size,)",
}


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
    if isinstance(logits, Tensor) and not logits.is_floating_point():
        help = "return a score for every word; choosing one is left to the searches"
    elif isinstance(logits, Tensor) and logits.ndim == 3:
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


def expect_registered(report: dict[str, Any]) -> None:
    """Check that all that must be learned is among the decoder's parameters."""
    found: Any = report.get("parts")
    parts = {part for part in found if isinstance(part, str)} if isinstance(found, list) else set()
    for part, words in MISSING.items():
        expect(
            part in parts,
            f"{words} is not among your decoder's parameters",
            "make layers in __init__ and keep them on self (several in an nn.ModuleList), own "
            "weights as nn.Parameter: what is not registered is not trained",
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
            calls[0][0][0] = config["vocab_size"] - 1  # the last word is there, always
            report = student.decode(config=config, filling=RANDOM, calls=calls)
            decodings(report, [size], config)


@pytest.mark.graded(weight=2, needs=["returns_logits_and_state"], on_crash=CRASH)
def test_takes_one_step_as_an_lstm(student: Any) -> None:
    """One step's logits and state are embedding, LSTM and linear layer, worked out by hand."""
    v = 0.5  # every weight and bias of the LSTM
    config = {**CONFIG, "num_layers": 1, "dropout": 0.0}
    table = torch.zeros(7, 2)
    table[3] = torch.tensor([0.9, -0.2])
    weight = torch.arange(21.0).reshape(7, 3) / 10 - 1  # of the output layer, (V, H)
    bias = torch.tensor([0.5, -0.5, 0.0, 1.0, 0.0, -1.0, 0.0])
    h, c = torch.tensor([0.1, -0.2, 0.4]), torch.tensor([2.0, -1.0, 3.0])
    filling = {"embedding": table, "constant": v, "output": weight, "bias": bias}
    calls = [(torch.tensor([3]), h.reshape(1, 1, 3), c.reshape(1, 1, 3))] * 2
    report = student.decode(config=config, filling=filling, calls=calls)
    (logits, new_h, new_c), again = decodings(report, [1, 1], config)
    expect_registered(report)
    expect_no_probabilities(logits)

    def step(h: Tensor, c: Tensor, biases: int, embedded: float = 0.9 - 0.2) -> Pair:
        gate = v * embedded + v * float(h.sum()) + biases * v
        open_by = 1 / (1 + math.exp(-gate))
        cell = open_by * c + open_by * math.tanh(gate)  # (hidden,)
        return open_by * torch.tanh(cell), cell

    def is_state(pair: Pair) -> bool:
        return close(new_h.flatten(), pair[0]) and close(new_c.flatten(), pair[1])

    right = [step(h, c, biases) for biases in (1, 2)]  # one or two bias vectors
    if not any(map(is_state, right)):
        expect_steady((new_h, new_c), again[1:])
        swapped = [step(c, h, n) for n in (1, 2)]
        known = {
            "the new h and c are returned in the wrong order": [(b, a) for a, b in right],
            "h and c are swapped before they enter the LSTM": swapped,
            "h and c are swapped on their way in and on their way out": [
                (b, a) for a, b in swapped
            ],
            "the state your decoder is given is not used": [step(0 * h, 0 * c, n) for n in (1, 2)],
            "the cell state your decoder is given is not used": [step(h, 0 * c, n) for n in (1, 2)],
            "the hidden state your decoder is given is not used": [
                step(0 * h, c, n) for n in (1, 2)
            ],
            "the hidden state is used as cell state": [step(h, h, n) for n in (1, 2)],
            "the cell state is used as hidden state, too": [step(c, c, n) for n in (1, 2)],
            "your decoder returns the state it was given, not the new one": [(h, c)],
            "the new h comes back with the old c": [(a, c) for a, _ in right],
            "the new c comes back with the old h": [(h, b) for _, b in right],
            "the new h comes back twice, as h and as c": [(a, a) for a, _ in right],
            "the new c comes back twice, as h and as c": [(b, b) for _, b in right],
        }
        for mistake, pairs in known.items():
            expect(
                not any(map(is_state, pairs)),
                mistake,
                "the LSTM starts from the pair (h, c) that is given; what it ends with goes back",
            )
        explain_no_lstm((new_h.flatten(), new_c.flatten()), (h, c), step)
        wanted = [[round(x, 4) for x in c.tolist()] for _, c in right]
        raise Wrong(
            "with every LSTM weight and bias 0.5, the new h and c are not those of an LSTM step: "
            f"the new c should be {wanted} (one or two biases), yours is "
            f"{[round(x, 4) for x in new_c.flatten().tolist()]}",
            "i, f, o = sigmoid(z) and g = tanh(z), c' = f * c + i * g, h' = o * tanh(c'): z reads "
            "the embedding of previous and the h that is given, both as they are",
        )
    rows = [weight @ hidden + bias for hidden, _ in right]
    if not any(close(log_softmax(logits[0], 0), log_softmax(row, 0)) for row in rows):
        expect_steady((logits,), again[:1])
        explain_logits(logits[0], weight, bias, h, right)


def expect_steady(answer: tuple[Tensor, ...], again: tuple[Tensor, ...]) -> None:
    """Blame chance, where a wrong answer is another one when asked again."""
    expect(
        all(map(close, answer, again)),
        "asked the same twice in eval mode, your decoder answers differently",
        "F.dropout needs training=self.training, layers are made in __init__, not in forward, and "
        "no state is kept on self",
    )


def explain_no_lstm(new: Pair, old: Pair, step: Callable[..., Pair]) -> None:
    """Name what else than an LSTM, fed with what is given, a step may be."""
    z = "the LSTM reads the embedding of previous as it is"

    def is_step(embedded: float, biases: tuple[int, ...]) -> bool:
        steps = [step(*old, n, embedded) for n in biases]
        return any(close(new[0], h) and close(new[1], c) for h, c in steps)

    expect(not is_step(0.0, (1, 2)), "the embedding of previous is not used", z)
    expect(not is_step(0.9, (1, 2)), "there is a ReLU between embedding and LSTM", z)
    expect(
        not is_step(math.tanh(0.9) + math.tanh(-0.2), (1, 2)),
        "there is a tanh between embedding and LSTM",
        z,
    )
    expect(not is_step(0.7, (0,)), "the LSTM has no bias", "one or two bias vectors are asked for")
    expect(not close(*new), "the same comes back as h and as c", "an LSTM, unlike a GRU, has two")
    expect(
        not close(new[1], old[1]),
        "c comes back as it was given",
        "an LSTM, unlike a GRU, has a second state: c' = f * c + i * g",
    )
    expect(
        not any(close(new[1], step(*old, n)[1]) for n in (1, 2)),
        "the new c is right, and the new h is not",
        "h' = o * tanh(c'), made of the new c'",
    )


def explain_logits(logits: Tensor, weight: Tensor, bias: Tensor, old_h: Tensor, right: Any) -> None:
    """Say which known mistake one row of wrong logits is."""
    actual = log_softmax(logits, 0)

    def scores(hidden: Tensor) -> Tensor:
        return log_softmax(weight @ hidden + bias, 0)

    if close(actual, scores(old_h)):
        raise Wrong(
            "logits come from the old h, not the new one", "first the LSTM, then the linear"
        )
    if any(close(actual, scores(cell)) for _, cell in right):
        raise Wrong("logits come from the cell state c, not from h", "the linear layer reads h'")
    expect(
        not close(logits, logits[:1].expand_as(logits)),
        "every word gets the same score",
        "a softmax over a dimension of size 1, as the batch is here, forgets all: the vocabulary "
        "is the last dimension",
    )
    raise Wrong(
        "the state is right, and the logits are not the output layer's weight @ h' + bias",
        "logits = linear(new top-layer h): nothing is added to h, and no activation, "
        "normalisation, mask or second layer comes before or after",
    )


@pytest.mark.graded(weight=1, needs=["returns_logits_and_state"], on_crash=CRASH)
def test_every_input_matters(student: Any, generator: torch.Generator) -> None:
    """The logits depend on the previous token and on h and c of every layer."""
    B = 8  # enough for something to move in some row, where much is saturated
    previous, h, c = draw_call(generator, B, CONFIG)
    calls: list[Call] = [(previous, h, c)]
    names = ["the previous token"]
    calls.append(((previous + 1 + (previous + 1 == 5)) % 7, h, c))  # 5 is PAD
    for layer in range(2):
        changed = torch.zeros_like(h)
        changed[layer] = 0.5
        calls += [(previous, h + changed, c), (previous, h, c + changed)]
        names += [f"h of layer {layer}", f"c of layer {layer}"]
    report = student.decode(config=CONFIG, filling=RANDOM, calls=calls)
    (logits, _, _), *others = decodings(report, [B] * len(calls), CONFIG)
    for name, (other, _, _) in zip(names, others, strict=True):
        expect(
            not close(log_softmax(logits, 1), log_softmax(other, 1), 1e-4),
            f"changing {name} does not change the logits",
            "the first layer reads the embedding of previous, each other layer the new h of the "
            "layer below; all start from their own h and c",
        )


@pytest.mark.graded(weight=1, needs=["takes_one_step_as_an_lstm"], on_crash=CRASH)
def test_remembers_nothing_itself(student: Any, generator: torch.Generator) -> None:
    """The same token and state give the same answer, whatever was asked in between."""
    config = {**CONFIG, "dropout": 0.0}
    first, other = draw_call(generator, 3, config), draw_call(generator, 3, config)
    calls = [first, other, first]
    report = student.decode(config=config, filling=RANDOM, calls=calls)
    one, _, again = decodings(report, [3, 3, 3], config)
    expect_arguments_unchanged(report, calls)
    expect(
        all(close(x, y) for x, y in zip(one, again, strict=True)),
        "asked the same again in eval mode, your decoder answers differently",
        "keep no state on self: all memory is in the (h, c) that is passed in and returned",
    )


@pytest.mark.graded(weight=1, needs=["returns_logits_and_state"], on_crash=CRASH)
def test_drops_out_embeddings_in_training_only(student: Any, generator: torch.Generator) -> None:
    """Dropout on the embeddings changes the new state in train mode, and never in eval mode."""
    config = {**CONFIG, "num_layers": 1, "dropout": 0.5}
    modes = [False] * 2 + [True] * 8 + [False] * 2  # of one decoder, with one state
    words = torch.tensor([0, 1, 2, 3, 4, 6])  # all but PAD
    _, h, c = draw_call(generator, len(words), config)
    calls: list[Call] = [(words, h, c)] * len(modes)
    report = student.decode(config=config, filling=RANDOM, calls=calls, training=modes)
    answers = decodings(report, [len(words)] * len(modes), config)
    first, *others = answers[:2] + answers[-2:]
    expect(
        all(all(map(close, first, other)) for other in others),
        "in eval mode the same step gives different answers",
        "F.dropout is active unless told training=self.training; and a step in train mode leaves "
        "nothing on self, batch normalisation's averages included",
    )
    hidden = [new_h for _, new_h, _ in answers[2:-2]]
    expect(
        not all(close(hidden[0], new_h) for new_h in hidden),
        "in train mode with dropout 0.5, eight steps from one state gave the same new h",
        "apply nn.Dropout(dropout) to the embedding, afresh at every step, and leave the choice "
        "of the mode to the caller; nn.LSTM's own dropout argument does nothing for a single layer",
    )
