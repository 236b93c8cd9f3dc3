"""Hidden checks of `Decoder`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from checks.expect import close, expect
from checks.seq2seq.decoder.affine import affine_of, expect_affine
from checks.seq2seq.decoder.decodings import (
    CRASH,
    NO_MEMORY,
    PLACES,
    Call,
    arriving,
    decodings,
    draw_call,
    expect_arguments_unchanged,
    expect_modes_alike,
    expect_rows_apart,
    expect_steady,
    normalised,
)
from checks.seq2seq.probed import Probed
from checks.simulated_gpu.elsewhere import expect_at_home

from ..shared.lstm import CONFIG, LOUD, constant_lstm, decode_step, fewest_weights
from .oracle import (
    STATE_DROPPED,
    alike,
    chain,
    draw_filling,
    draw_words,
    dropped_levels,
    expect_output_dropout,
    explain_dropout,
    explain_step,
    kept_of,
    same_state,
    slope_of_logits,
    slopes,
)

VALUES = (0.11, -0.17, 0.3)


@pytest.mark.graded(line="state_in", weight=1, after=["returns_logits_and_state"], on_crash=CRASH)
def test_rows_do_not_mix(student: Probed, generator: torch.Generator) -> None:
    """Each row of a batch gets what it would get alone."""
    for layers, B in ((2, 5), (2, 2), (3, 3)):  # B = L for those who guess which is which
        config = {**CONFIG, "num_layers": layers}
        call = draw_words(generator, B, config)
        expect_rows_apart(student, config, LOUD, call)


@pytest.mark.graded(line="state_out", weight=2, on_crash=CRASH)
def test_values_are_an_lstms(student: Probed, generator: torch.Generator) -> None:
    """One step is exactly embedding and LSTM; the logits are linear in the new top-layer h."""
    B = CONFIG["vocab_size"] - 1  # every word but PAD
    for layers in (1, 2, 3):
        config = {**CONFIG, "num_layers": layers}
        for value in VALUES:
            filling = draw_filling(generator, value)
            previous, h, c = draw_words(generator, B, config)
            call = (previous, h, 2.5 * c)
            report = student.decode(config=config, filling=filling, calls=[call])
            answer = decodings(report, [B], config)[0]
            oracles = [constant_lstm(config, value, biases) for biases in (1, 2)]
            states = [decode_step(lstm, filling["embedding"], *call) for lstm in oracles]
            if not any(same_state(answer, state) for state in states):
                expect_steady(student, config, filling, call)
                expect_rows_apart(student, config, filling, call)
                explain_step(answer, config, filling, call)
        expect_affine(student, config, generator)


@pytest.mark.graded(line="state_in", weight=2, after=["values_are_an_lstms"], on_crash=CRASH)
def test_state_goes_on(student: Probed, generator: torch.Generator) -> None:
    """Fed with its own states, your decoder computes what an LSTM computes over several steps."""
    filling = draw_filling(generator, 0.21)
    for size in (3, 1):
        calls: list[Call] = [draw_call(generator, size, CONFIG)]
        calls += [draw_call(generator, size, CONFIG)[:1] for _ in range(3)]
        report = student.decode(config=CONFIG, filling=filling, calls=calls)
        answers = decodings(report, [size] * 4, CONFIG)
        oracles = [constant_lstm(CONFIG, 0.21, biases) for biases in (1, 2)]
        chains = [chain(lstm, filling["embedding"], calls) for lstm in oracles]
        expect(
            any(all(map(same_state, answers, expected)) for expected in chains),
            "over several steps the states part from those of an LSTM",
            "the state returned must be the new one, ready to be passed in again; nothing of it is "
            "kept on self",
            guess=True,
        )


@pytest.mark.graded(
    line="clean",
    weight=1,
    after=["values_are_an_lstms"],
    on_crash=CRASH,
    stays="names what is kept between calls, where another check sees only its effect",
)
def test_batches_may_take_turns(student: Probed, generator: torch.Generator) -> None:
    """Two batches decoded in turns do not disturb each other, and no argument is changed."""
    a, b = draw_call(generator, 3, CONFIG), draw_call(generator, 3, CONFIG)
    a[0][1] = CONFIG["pad_id"]  # what it means is free, but here, too, it must be left alone
    later = draw_call(generator, 3, CONFIG)
    calls = [a, b, a, later, b]
    report = student.decode(config=CONFIG, filling=LOUD, calls=calls)
    answers = [normalised(answer) for answer in decodings(report, [3] * 5, CONFIG)]
    expect_arguments_unchanged(report, calls)
    expect(
        alike(answers[2], answers[0]) and alike(answers[4], answers[1]),
        "an answer depends on what your decoder was asked before",
        NO_MEMORY,
    )


@pytest.mark.graded(line="clean", weight=1, after=["values_are_an_lstms"], on_crash=CRASH)
def test_without_dropout_training_is_as_evaluation(
    student: Probed, generator: torch.Generator
) -> None:
    """With dropout 0 your decoder answers the same in train mode as in eval mode."""
    config = {**CONFIG, "dropout": 0.0}
    expect_modes_alike(student, config, LOUD, draw_call(generator, 3, config))


@pytest.mark.graded(line="clean", weight=2, after=["values_are_an_lstms"], on_crash=CRASH)
def test_dropout_is_on_the_embedding(student: Probed, generator: torch.Generator) -> None:
    """In train mode single units of the embedding are dropped, the others scaled up."""
    p, E, V = 0.3, CONFIG["embedding_dim"], CONFIG["vocab_size"]
    config = {**CONFIG, "num_layers": 1, "dropout": p}
    value, first = 0.2, (0.1, 0.8)
    table = torch.randn(V, E, generator=generator)  # others stand in for an output layer as well
    table[:6] = 1.0
    filling = {"constant": value, "embedding": table}
    h, c = (torch.full((1, 6, CONFIG["hidden_dim"]), number) for number in first)
    calls: list[Call] = [(torch.arange(6), h, c)] * 20
    report = student.decode(config=config, filling=filling, calls=calls, training=True, seed=11)
    answers = decodings(report, [6] * 20, config)
    logits = torch.cat([logits for logits, _, _ in answers])  # (draws, vocabulary)
    new_h = torch.cat([h[0] for _, h, _ in answers])  # (draws, hidden)
    new_c = torch.cat([c[0] for _, _, c in answers])  # (draws, hidden)
    # all units of embedding, h and c are alike: the new state's are, too, if none of it is dropped
    units_alike = all(close(new, new[:, :1].expand_as(new)) for new in (new_h, new_c))
    expect(units_alike, *STATE_DROPPED)
    expect_output_dropout(logits, new_h, affine_of(student, config, filling), p)
    for biases in (1, 2):
        level_h, level_c = dropped_levels(config, value, biases, first, 1 / (1 - p))
        kept = kept_of(new_h[:, 0], level_h)
        if kept is None:
            continue
        expect(close(new_c[:, 0], level_c[kept]), "in train mode the new c does not belong to h")
        expect(
            bool(((kept > 0) & (kept < E)).any()),
            "a word's embedding is dropped as a whole or not at all",
            "nn.Dropout, which drops single units, is meant: not a mask over words",
        )
        expect(
            abs(kept.float().mean().item() / E - (1 - p)) < 0.2,
            "the share of embedding units that are kept is not 1 - dropout",
            "hand dropout on unchanged: it is the probability to drop, not to keep",
        )
        return
    explain_dropout(new_h[:, 0], config, value, first)


@pytest.mark.graded(
    line="learning",
    weight=2,
    after=["values_are_an_lstms", "without_dropout_training_is_as_evaluation"],
    on_crash=CRASH,
)
def test_gradients_reach_embedding_and_state(student: Probed, generator: torch.Generator) -> None:
    """Logits, h and c carry their gradients back to the embedding and to the state given."""
    config = {**CONFIG, "dropout": 0.0}
    B = CONFIG["vocab_size"] - 1  # every word but PAD
    call = draw_words(generator, B, config)
    asked = dict(zip(("previous", "h", "c"), call, strict=True))
    of_logits = torch.randn(B, CONFIG["vocab_size"], generator=generator)
    of_state = {name: torch.randn(call[1].shape, generator=generator) for name in ("h", "c")}

    # logits are affine in h, by whatever parameters: their gradient is one of h
    affine = affine_of(student, config, LOUD)
    _, new_h, _ = decodings(student.decode(config=config, filling=LOUD, calls=[call]), [B], config)[
        0
    ]
    same_of_h = torch.zeros_like(new_h)
    same_of_h[-1] = slope_of_logits(affine, new_h[-1], of_logits)
    zero = torch.zeros_like(new_h)
    weights = {"logits": of_logits, "h": same_of_h, "c": zero}
    report = student.decoder_gradients(config=config, filling=LOUD, weights=weights, **asked)
    got, right = (arriving(report, name, call) for name in ("logits", "h"))
    # an output layer may share the embedding's weights, which adds to their gradient
    for one, other, to in zip(got[1:], right[1:], PLACES[1:], strict=True):
        expect(close(one, other, 1e-4, 1e-4), f"the gradient of logits at {to} is not h's", *CUT)

    filling = draw_filling(generator, 0.2)
    weights = {"logits": of_logits, **of_state}
    report = student.decoder_gradients(config=config, filling=filling, weights=weights, **asked)
    expected = [slopes(config, filling["embedding"], call, of_state, n) for n in (1, 2)]
    for name in of_state:
        got = arriving(report, name, call)
        for place, (one, to) in enumerate(zip(got, PLACES, strict=True)):
            expect(
                any(close(one, oracle[name][place]) for oracle in expected),
                f"the gradient of {name} with respect to {to} is not an LSTM's",
                *CUT,
            )


CUT = ("a part of the graph is cut off: look for .detach(), .data and torch.no_grad()", True)


@pytest.mark.graded(line="learning", weight=1, after=["returns_logits_and_state"], on_crash=CRASH)
def test_every_gate_has_its_own_weights(student: Probed, generator: torch.Generator) -> None:
    """Four gates of every layer have weights of their own, and all of them are learned."""
    config = {**CONFIG, "dropout": 0.0}
    B = CONFIG["vocab_size"] - 1  # every word but PAD
    previous, h, c = draw_words(generator, B, config)
    weights = {"logits": torch.randn(B, CONFIG["vocab_size"], generator=generator)}
    weights |= {"h": torch.ones_like(h), "c": torch.ones_like(c)}
    report = student.decoder_gradients(
        config=config,
        filling={"seed": 5, "scale": 0.4},
        previous=previous,
        h=h,
        c=c,
        weights=weights,
    )
    reached = report.get("reached") if isinstance(report, dict) else None
    expect(
        type(reached) is int and reached >= fewest_weights(config),
        "fewer weights get a gradient than an LSTM of this size has",
        "input, forget, cell and output gate each read the input and h with weights of their own, "
        "and each layer has its own set; no weight may be used under torch.no_grad()",
        guess=True,
    )


@pytest.mark.graded(line="clean", weight=1, after=["values_are_an_lstms"], on_crash=CRASH)
def test_works_on_another_device(
    student: Probed, generator: torch.Generator, record_property: Callable[[str, object], None]
) -> None:
    """Moved to a GPU and given a word and a state there, your decoder answers there."""
    previous, h, c = draw_call(generator, 3, CONFIG)
    report = student.decoder_on(config=CONFIG, filling=LOUD, previous=previous, h=h, c=c)
    expect_at_home(report, "Decoder", record_property, "previous.device")
