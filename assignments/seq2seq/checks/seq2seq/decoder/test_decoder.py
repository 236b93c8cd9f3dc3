"""Public checks of `Decoder`. Names, layout and initialisation of its parameters are free."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from checks.expect import Wrong, close, expect, priced
from checks.simulated_gpu.elsewhere import expect_at_home

from ..probed import Probed
from ..shared.dropouts import expect_left_alone, explain_no_dropout, same
from ..shared.precision import DIGITS, PRECISION
from .affine import expect_affine, read_inside
from .asking import mending, tell
from .decodings import (
    BATCH_NORM,
    Call,
    blame_memory,
    charge,
    decodings,
    draw_call,
    expect_arguments_unchanged,
    expect_arrival,
    expect_modes_alike,
    expect_registered,
    expect_rows_apart,
    expect_steady,
    lacks_state,
    read_step,
)
from .forms import CRASH, Slip
from .steps import (
    CELLS,
    FORMULA,
    IGNORED,
    LAYERS,
    NEW_H,
    Step,
    filling_of,
    readings,
    run,
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
STEP = ["returns_logits_and_state", "takes_one_step_as_an_lstm"]


@pytest.mark.graded(line="logits", weight=0, on_crash=CRASH)
@mending
def test_returns_logits_and_state(student: Probed, generator: torch.Generator) -> None:
    """Your decoder returns logits (B, V) and the new state (h, c), for any batch, even of one."""
    for layers in (2, 1):
        config = {**CONFIG, "num_layers": layers}
        for size in (3, 1):
            calls = [draw_call(generator, size, config)]
            calls[0][0][0] = config["vocab_size"] - 1  # the last word is there, always
            report = student.decode(config=config, filling=RANDOM, calls=calls)
            decodings(report, calls, config)


@pytest.mark.graded(line="state_out", weight=1, after=["returns_logits_and_state"], on_crash=CRASH)
@mending
def test_takes_one_step_as_an_lstm(student: Probed, generator: torch.Generator) -> None:
    """With every weight of the LSTM 0.5, one step's new h and c are those worked out by hand."""
    config = {**CONFIG, "num_layers": 1, "dropout": 0.0}
    table = torch.zeros(7, 2)
    table[3] = torch.tensor([0.9, -0.2])
    h, c = torch.tensor([0.1, -0.2, 0.47]), torch.tensor([2.0, -1.0, 3.0])
    filling = filling_of(table, 0.5)
    call = (torch.tensor([3]), h.reshape(1, 1, 3), c.reshape(1, 1, 3))
    report = student.decode(config=config, filling=filling, calls=[call])
    _, new_h, new_c = decodings(report, [call], config)[0]
    expect_registered(report)
    found = readings((new_h, new_c), call, table, 0.5)
    if found and (not found[0].slips or lacks_state(report, [call], config)):
        return
    expect_steady(student, config, filling, call)
    several, _, _ = read_step(student, config)  # one row alone fits too much
    if several:
        charge(several[0])
    rough = readings((new_h, new_c), call, table, 0.5, DIGITS)
    expect(
        not rough or bool(rough[0].slips),
        "the new h and c are those of an LSTM step to about two digits only",
        PRECISION,
        line="state_out",
        share=0.25,
    )
    right = [
        run(0.5, biases, table.double()[call[0]].sum(1), *call[1:], CELLS["plain"][0])
        for biases in (1, 2)
    ]
    explain_no_lstm(new_h, new_c, call, right)
    wanted = [[round(x, 4) for x in step.c.flatten().tolist()] for step in right]
    raise Wrong(
        "with every LSTM weight and bias 0.5, the new h and c are not those of an LSTM step: "
        f"the new c should be {wanted} (one or two biases), yours is "
        f"{[round(x, 4) for x in new_c.flatten().tolist()]}",
        FORMULA,
        guess=True,
    )


def explain_no_lstm(new_h: Tensor, new_c: Tensor, call: Call, right: list[Step]) -> None:
    """Name what a step that is none of the known ones does."""
    one_state = "an LSTM, unlike a GRU, has a second state: c' = f * c + i * g"
    for says, seen in (
        ("the same comes back as h and as c", close(new_h, new_c)),
        ("c comes back as it was given", close(new_c, call[2])),
    ):
        if seen:
            tell(Slip(says, one_state, "state_in", 1.0))
            raise Wrong(says, one_state, line="state_out", share=1.0)
    expect(
        not any(close(new_c, step.c) for step in right),
        NEW_H,
        "h' = o * tanh(c'), made of the new c'",
        line="state_out",
        share=0.9,
    )


@pytest.mark.graded(line="logits", weight=1, after=STEP, on_crash=CRASH)
@mending
def test_logits_are_linear_in_the_new_h(student: Probed, generator: torch.Generator) -> None:
    """The logits are the new h of the top layer, taken through a linear layer."""
    expect_affine(student, {**CONFIG, "num_layers": 1, "dropout": 0.0}, generator)


@pytest.mark.graded(
    line="input", weight=1, after=[*STEP, "logits_are_linear_in_the_new_h"], on_crash=CRASH
)
@mending
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
    (logits, _, _), *others = decodings(report, calls, CONFIG)
    idle = [
        name
        for name, (other, _, _) in zip(names, others, strict=True)
        if close(log_softmax(logits, 1), log_softmax(other, 1), 1e-4)
    ]
    if idle:
        explain_idle(student, f"changing {idle[0]} does not change the logits", idle, generator)


def explain_idle(student: Probed, says: str, idle: list[str], generator: torch.Generator) -> None:
    """Say which mistake makes an input idle."""
    help = (
        "the first layer reads the embedding of previous, each other layer the new h of the "
        "layer below; all start from their own h and c"
    )
    found, _, _ = read_inside(student, CONFIG)
    slips = found.slips if found else ()
    if IGNORED in slips:
        for slip in slips:
            tell(slip)
        raise Wrong(says, help)  # a decoder that reads no words is worth less than its line says
    if found and any(slip.line != "state_out" or slip.help == LAYERS for slip in slips):
        charge(found, says, help)
    try:
        expect_affine(student, CONFIG, generator)  # it is the logits, then, that miss something
    except Wrong as wrong:
        if wrong.share is None:
            return  # told by another check
        raise Wrong(says, help, line=wrong.line, share=wrong.share) from None
    raise Wrong(says, help, guess=True)


@pytest.mark.graded(line="clean", weight=1, after=STEP, on_crash=CRASH)
@mending
def test_remembers_nothing_itself(student: Probed, generator: torch.Generator) -> None:
    """The same token and state give the same answer, whatever was asked in between."""
    config = {**CONFIG, "dropout": 0.0}
    first, other = draw_call(generator, 3, config), draw_call(generator, 3, config)
    first[0][1] = CONFIG["pad_id"]  # what it means is free, but here, too, it must be left alone
    calls = [first, other, first]
    report = student.decode(config=config, filling=RANDOM, calls=calls)
    one, _, again = decodings(report, calls, config)
    if not all(close(x, y) for x, y in zip(one, again, strict=True)):
        expect_steady(student, config, RANDOM, first)
        blame_memory(student, config, RANDOM, first)
    expect_arguments_unchanged(report, calls)


@pytest.mark.graded(line="clean", weight=1, after=STEP, on_crash=CRASH)
@mending
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
    answers = decodings(report, calls, config)
    with priced("clean", 0.67):
        expect_left_alone("decoder", report)
    first, *others = answers[:2] + answers[-2:]
    if not all(all(map(close, first, other)) for other in others):
        expect_steady(student, config, RANDOM, calls[0])
        states_alike = all(all(map(close, first[1:], other[1:])) for other in others)
        line, share = ("logits", 0.75) if states_alike else ("clean", 1.0)
        raise Wrong(
            "in eval mode the same step gives another answer once your decoder was in train mode",
            BATCH_NORM,
            line=line,
            share=share,
        )
    hidden = [new_h for _, new_h, _ in answers[2:-2]]
    if not same(hidden):
        return
    if close(hidden[0], h):  # the state tells nothing: the h that comes back is the one given
        hidden = [log_softmax(logits, 1) for logits, _, _ in answers[2:-2]]
        if not same(hidden):
            return

    def ask(seed: int, layers: int = 1) -> list[Tensor]:
        sizes = {**config, "num_layers": layers}
        given = (words, h.repeat(layers, 1, 1), c.repeat(layers, 1, 1))
        report = student.decode(
            config=sizes, filling=RANDOM, calls=[given] * 8, training=True, seed=seed
        )
        return [new_h for _, new_h, _ in decodings(report, [given] * 8, sizes)]

    reading, _, _ = read_inside(student, {**config, "dropout": 0.0})
    if reading is not None and any(slip.line == "input" for slip in reading.slips):
        return  # what is not read cannot be seen to be dropped
    elsewhere = not same([logits for logits, _, _ in answers[2:-2]]) or not same(ask(0, 2))
    with priced("clean", 0.35 if elsewhere else 0.5):
        explain_no_dropout("decoder", hidden, ask, "the embedding")


@pytest.mark.graded(
    line="state_in", weight=1, after=[*STEP, "logits_are_linear_in_the_new_h"], on_crash=CRASH
)
@mending
def test_rows_are_apart(student: Probed, generator: torch.Generator) -> None:
    """A row of a batch gets the answer that it gets alone."""
    expect_rows_apart(student, CONFIG, RANDOM, draw_call(generator, 3, CONFIG))


@pytest.mark.graded(line="clean", weight=1, after=STEP, on_crash=CRASH)
@mending
def test_without_dropout_modes_agree(student: Probed, generator: torch.Generator) -> None:
    """With dropout 0 train mode and eval mode give the same answer."""
    config = {**CONFIG, "dropout": 0.0}
    expect_modes_alike(student, config, RANDOM, draw_call(generator, 3, config))


@pytest.mark.graded(
    line="learning",
    weight=1,
    after=["without_dropout_modes_agree", "remembers_nothing_itself"],
    on_crash=CRASH,
)
@mending
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
    expect_arrival(student, report, {**CONFIG, "dropout": 0.0}, RANDOM, (words, h, c))


@pytest.mark.graded(
    line="clean", weight=1, after=[*STEP, "remembers_nothing_itself"], on_crash=CRASH
)
@mending
def test_works_on_a_simulated_gpu(student: Probed, generator: torch.Generator) -> None:
    """Moved to a GPU, which is simulated here, your decoder answers there."""
    previous, h, c = draw_call(generator, 3, CONFIG)
    report = student.decoder_on(config=CONFIG, filling=RANDOM, previous=previous, h=h, c=c)
    with priced("clean", 0.3):
        expect_at_home(report, "Decoder", device="previous.device")
