"""Public checks of `Decoder`. Names, layout and initialisation of its parameters are free."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from checks.expect import Wrong, close, expect
from checks.simulated_gpu.elsewhere import expect_at_home

from ..probed import Probed
from ..shared.dropouts import expect_left_alone, explain_no_dropout, same
from ..shared.precision import PRECISION
from .affine import expect_affine
from .decodings import (
    CRASH,
    Call,
    arriving,
    decodings,
    draw_call,
    expect_arguments_unchanged,
    expect_modes_alike,
    expect_no_probabilities,
    expect_registered,
    expect_rows_apart,
    expect_steady,
)

CONFIG: dict[str, Any] = {
    "vocab_size": 7,
    "embedding_dim": 2,
    "hidden_dim": 3,
    "num_layers": 2,
    "dropout": 0.3,
    "pad_id": 5,
}
RANDOM = {"seed": 1, "scale": 0.7}  # weights large enough for every input to matter
Pair = tuple[Tensor, Tensor]


@pytest.mark.graded(line="logits", weight=1, on_crash=CRASH)
def test_returns_logits_and_state(student: Probed, generator: torch.Generator) -> None:
    """Your decoder returns logits (B, V) and the new state (h, c), for any batch, even of one."""
    for layers in (2, 1):
        config = {**CONFIG, "num_layers": layers}
        for size in (3, 1):
            calls = [draw_call(generator, size, config)]
            calls[0][0][0] = config["vocab_size"] - 1  # the last word is there, always
            report = student.decode(config=config, filling=RANDOM, calls=calls)
            decodings(report, [size], config)


@pytest.mark.graded(line="logits", weight=2, after=["returns_logits_and_state"], on_crash=CRASH)
def test_takes_one_step_as_an_lstm(student: Probed, generator: torch.Generator) -> None:
    """One step's state is an LSTM's, worked out by hand; logits are linear in the new top h."""
    v = 0.5  # every weight and bias of the LSTM
    config = {**CONFIG, "num_layers": 1, "dropout": 0.0}
    table = torch.zeros(7, 2)
    table[3] = torch.tensor([0.9, -0.2])
    h, c = torch.tensor([0.1, -0.2, 0.4]), torch.tensor([2.0, -1.0, 3.0])
    filling = {"embedding": table, "constant": v}
    call = (torch.tensor([3]), h.reshape(1, 1, 3), c.reshape(1, 1, 3))
    report = student.decode(config=config, filling=filling, calls=[call])
    logits, new_h, new_c = decodings(report, [1], config)[0]
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
        expect_steady(student, config, filling, call)
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
        expect(
            not any(
                close(new_h.flatten(), a, 0.02) and close(new_c.flatten(), b, 0.02)
                for a, b in right
            ),
            "the new h and c are those of an LSTM step to about two digits only",
            PRECISION,
        )
        explain_no_lstm((new_h.flatten(), new_c.flatten()), (h, c), step)
        wanted = [[round(x, 4) for x in c.tolist()] for _, c in right]
        raise Wrong(
            "with every LSTM weight and bias 0.5, the new h and c are not those of an LSTM step: "
            f"the new c should be {wanted} (one or two biases), yours is "
            f"{[round(x, 4) for x in new_c.flatten().tolist()]}",
            "i, f, o = sigmoid(z) and g = tanh(z), c' = f * c + i * g, h' = o * tanh(c'): z reads "
            "the embedding of previous and the h that is given, both as they are",
            guess=True,
        )
    expect_affine(student, config, generator)


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


@pytest.mark.graded(line="input", weight=1, after=["returns_logits_and_state"], on_crash=CRASH)
def test_every_input_matters(student: Probed, generator: torch.Generator) -> None:
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
            guess=True,
        )


@pytest.mark.graded(line="clean", weight=1, after=["takes_one_step_as_an_lstm"], on_crash=CRASH)
def test_remembers_nothing_itself(student: Probed, generator: torch.Generator) -> None:
    """The same token and state give the same answer, whatever was asked in between."""
    config = {**CONFIG, "dropout": 0.0}
    first, other = draw_call(generator, 3, config), draw_call(generator, 3, config)
    first[0][1] = CONFIG["pad_id"]  # what it means is free, but here, too, it must be left alone
    calls = [first, other, first]
    report = student.decode(config=config, filling=RANDOM, calls=calls)
    one, _, again = decodings(report, [3, 3, 3], config)
    expect_arguments_unchanged(report, calls)
    expect(
        all(close(x, y) for x, y in zip(one, again, strict=True)),
        "asked the same again in eval mode, your decoder answers differently",
        "keep no state on self: all memory is in the (h, c) that is passed in and returned",
    )


@pytest.mark.graded(line="clean", weight=1, after=["returns_logits_and_state"], on_crash=CRASH)
def test_drops_out_embeddings_in_training_only(student: Probed, generator: torch.Generator) -> None:
    """Dropout on the embeddings changes the new state in train mode, and never in eval mode."""
    config = {**CONFIG, "num_layers": 1, "dropout": 0.5}
    modes = [False] * 2 + [True] * 8 + [False] * 2  # of one decoder, with one state
    words = torch.tensor([0, 1, 2, 3, 4, 6])  # all but PAD
    _, h, c = draw_call(generator, len(words), config)
    calls: list[Call] = [(words, h, c)] * len(modes)
    report = student.decode(
        config=config, filling=RANDOM, calls=calls, training=modes, seed=4711
    )  # a seed that nobody else sets
    answers = decodings(report, [len(words)] * len(modes), config)
    expect_left_alone("decoder", report)
    first, *others = answers[:2] + answers[-2:]
    if not all(all(map(close, first, other)) for other in others):
        expect_steady(student, config, RANDOM, calls[0])
        raise Wrong(
            "in eval mode the same step gives another answer once your decoder was in train mode",
            "a step in train mode leaves nothing on self, batch normalisation's averages included",
        )
    hidden = [new_h for _, new_h, _ in answers[2:-2]]
    if not same(hidden):
        return
    expect(
        not close(hidden[0], h),
        "the h that comes back is the one that went in",
        "return the new h: the next step goes on from it",
    )

    def ask(seed: int) -> list[Tensor]:
        report = student.decode(
            config=config, filling=RANDOM, calls=calls[:8], training=True, seed=seed
        )
        return [new_h for _, new_h, _ in decodings(report, [len(words)] * 8, config)]

    explain_no_dropout("decoder", hidden, ask, "the embedding")


@pytest.mark.graded(line="state_in", weight=1, after=["returns_logits_and_state"], on_crash=CRASH)
def test_rows_are_apart(student: Probed, generator: torch.Generator) -> None:
    """A row of a batch gets the answer that it gets alone."""
    expect_rows_apart(student, CONFIG, RANDOM, draw_call(generator, 3, CONFIG))


@pytest.mark.graded(line="clean", weight=1, after=["returns_logits_and_state"], on_crash=CRASH)
def test_without_dropout_modes_agree(student: Probed, generator: torch.Generator) -> None:
    """With dropout 0 train mode and eval mode give the same answer."""
    config = {**CONFIG, "dropout": 0.0}
    expect_modes_alike(student, config, RANDOM, draw_call(generator, 3, config))


@pytest.mark.graded(
    line="learning", weight=1, after=["without_dropout_modes_agree"], on_crash=CRASH
)
def test_everything_can_be_learned(student: Probed, generator: torch.Generator) -> None:
    """Gradients of logits, h and c arrive at the embedding of each word and at the state given."""
    words = torch.tensor([0, 1, 2, 3, 4, 6])  # all but PAD
    _, h, c = draw_call(generator, len(words), CONFIG)
    report = student.decoder_gradients(
        config={**CONFIG, "dropout": 0.0},
        filling=RANDOM,
        previous=words,
        h=h,
        c=c,
        weights={
            "logits": torch.randn(len(words), CONFIG["vocab_size"], generator=generator),
            "h": torch.ones_like(h),
            "c": torch.ones_like(c),
        },
    )
    for name in ("logits", "h", "c"):
        arriving(report, name, (words, h, c))


@pytest.mark.graded(line="clean", weight=1, after=["returns_logits_and_state"], on_crash=CRASH)
def test_works_on_a_simulated_gpu(student: Probed, generator: torch.Generator) -> None:
    """Moved to a GPU, which is simulated here, your decoder answers there."""
    previous, h, c = draw_call(generator, 3, CONFIG)
    report = student.decoder_on(config=CONFIG, filling=RANDOM, previous=previous, h=h, c=c)
    expect_at_home(report, "Decoder", device="previous.device")
