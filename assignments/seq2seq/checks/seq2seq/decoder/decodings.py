"""What a decoder returned: taken out of a report, and compared with what it was asked."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from checks.expect import Wrong, close, expect, expect_shape, kind

from ..probed import Probed
from ..shared.precision import DIGITS, PRECISION

Decoding = tuple[Tensor, Tensor, Tensor]
Call = tuple[Tensor, ...]

CRASH = (
    "forward(previous, (h, c)) takes ids (B,), each below vocab_size, and h and c (L, B, H); the "
    "LSTM has num_layers layers and wants a time dimension: with batch_first=True, embed previous "
    "to (B, 1, E)"
)
MISSING = {  # what every decoder learns; its output layer is told by what it does
    "embedding": "an embedding (vocab_size, embedding_dim)",
    "lstm": "an LSTM",
}
UNREGISTERED = (
    "make layers in __init__ and keep them on self (several in an nn.ModuleList), own weights as "
    "nn.Parameter: what is not registered is not trained"
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
    told: Any = report.get("parts")
    parts = {part for part in told if isinstance(part, str)} if isinstance(told, list) else set()
    for part, words in MISSING.items():
        expect(
            part in parts,
            f"{words} is not among your decoder's parameters",
            UNREGISTERED,
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


def expect_steady(
    student: Probed, config: dict[str, Any], filling: dict[str, Any], call: Call
) -> None:
    """Blame chance or memory where a wrong answer is another one when asked again."""
    asked: dict[str, Any] = {"config": config, "filling": filling, "calls": [call] * 2}
    sizes = [len(call[0])] * 2
    answer, again = decodings(student.decode(**asked), sizes, config)
    if all(map(close, answer, again)):
        return
    anew = decodings(student.decode(**asked, seed=1), sizes, config)[0]
    expect(
        all(map(close, answer, anew)),
        "asked the same twice in eval mode, your decoder answers differently, by chance",
        "F.dropout needs training=self.training, and layers are made in __init__, not in forward",
    )
    raise Wrong("asked the same again in eval mode, your decoder answers differently", NO_MEMORY)


def expect_rows_apart(
    student: Probed, config: dict[str, Any], filling: dict[str, Any], call: Call
) -> None:
    """Check that each row of a batch gets what it gets alone."""
    previous, h, c = call
    B = len(previous)
    calls = [call] + [(previous[b : b + 1], h[:, b : b + 1], c[:, b : b + 1]) for b in range(B)]
    report = student.decode(config=config, filling=filling, calls=calls)
    together, *alone = map(normalised, decodings(report, [B] + [1] * B, config))
    parts = zip(*alone, strict=True)  # all rows' logits, h and c
    apart = [torch.cat(part, dim) for part, dim in zip(parts, (0, 1, 1), strict=True)]
    if all(map(close, together, apart)):
        return
    expect_steady(student, config, filling, call)
    expect(
        not all(close(x, y, DIGITS) for x, y in zip(together, apart, strict=True)),
        "a row of a batch and the row alone get the same answer to about two digits only",
        PRECISION,
    )
    raise Wrong(
        "a row of a batch gets another answer than the row alone",
        "mind which dimension is the batch, whatever its size: h and c are (L, B, H); (B, 1, E) "
        "goes with batch_first=True, (1, B, E) without; log_softmax is over the vocabulary",
    )


def expect_modes_alike(
    student: Probed, config: dict[str, Any], filling: dict[str, Any], call: Call
) -> None:
    """Check that a decoder with dropout 0 answers alike in both modes."""
    answers = []
    for training in (False, True):
        modes: dict[str, Any] = {"training": training, "seed": int(training)}  # any noise shows
        report = student.decode(config=config, filling=filling, calls=[call], **modes)
        answers.append(normalised(decodings(report, [len(call[0])], config)[0]))
    if all(map(close, *answers)):
        return
    expect_steady(student, config, filling, call)
    raise Wrong(
        "with dropout 0, train mode gives another answer than eval mode",
        "use the dropout your decoder is given, the probability to drop and not to keep, and "
        "nothing else that differs between the modes: no number of your own, no batch "
        "normalisation",
        guess=True,
    )


def normalised(answer: Decoding) -> Decoding:
    """Logits as log-probabilities, which they may be already."""
    return log_softmax(answer[0], 1), answer[1], answer[2]


NO_MEMORY = "keep no state on self: all memory is in the (h, c) that is passed in and returned"


PLACES = ("the embedding", "the h it is given", "the c it is given")


def arriving(report: Any, name: str, call: Call) -> list[Tensor]:
    """The gradients of one total at the embedding and at the state given, all of them there."""
    slopes: Any = report.get(name) if isinstance(report, dict) else None
    good = isinstance(slopes, list) and len(slopes) == len(PLACES)
    for place, to in enumerate(PLACES):
        expect(
            good and isinstance(slopes[place], Tensor) and bool(slopes[place].any()),
            f"no gradient of {name} arrives at {to}",
            "something cuts the graph: .detach(), .data, torch.no_grad(), .item(), a new "
            "tensor made from values, or an embedding that from_pretrained froze",
        )
    expect_no_idle_words(slopes[0], call[0])
    return list(slopes)


def expect_no_idle_words(slope: Tensor, previous: Tensor) -> None:
    """Check that every word asked for has a gradient of its embedding (V, E)."""
    expect(
        slope.ndim == 2
        and len(slope) > int(previous.max())
        and bool((slope[previous] != 0).any(1).all()),
        "the embedding of an ordinary word gets no gradient: it is never trained",
        "every id below vocab_size has an embedding of its own, and padding_idx, the one that is "
        "not trained, is pad_id, which need not be 0",
    )
