"""Hidden checks of `Decoder`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from checks.expect import Wrong, close, expect, priced
from checks.seq2seq.decoder.affine import affine_of, expect_affine, fit, read_inside
from checks.seq2seq.decoder.asking import mending, tell
from checks.seq2seq.decoder.decodings import (
    NO_MEMORY,
    PLACES,
    Call,
    Decoding,
    decodings,
    dependences,
    draw_call,
    expect_arguments_unchanged,
    expect_arrival,
    expect_modes_alike,
    expect_rows_apart,
    expect_steady,
    gradients_at,
    is_plain,
    lacks_state,
    normalised,
)
from checks.seq2seq.decoder.forms import CRASH
from checks.seq2seq.decoder.steps import LAYERS, UNUSED, readings
from checks.seq2seq.probed import Probed
from checks.simulated_gpu.elsewhere import expect_at_home
from checks.verdicts import StudentFault

from ..shared.indifference import expect_heed, parts
from ..shared.lstm import CONFIG, LOUD, State, constant_lstm, decode_step, fewest_weights
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
    is_handed_through,
    kept_of,
    same_state,
    slope_of_logits,
    slopes,
)

VALUES = (0.11, -0.17, 0.3)
FORM = ["returns_logits_and_state"]
STEP = [*FORM, "takes_one_step_as_an_lstm", "values_are_an_lstms"]
LOGITS = [*STEP, "logits_are_linear_in_the_new_h", "logits_are_linear_for_any_layers"]
CLEAN = [*LOGITS, "remembers_nothing_itself", "batches_may_take_turns"]


@pytest.mark.graded(line="state_in", weight=0, on_crash=CRASH)
def test_heeds_word_and_state(student: Probed, generator: torch.Generator) -> None:
    """Other words and states get other answers."""
    previous, h, c = draw_words(generator, 6, CONFIG)
    calls: list[Call] = [(previous, h, c), (previous.roll(1), h.roll(1, 1), c.roll(1, 1))]
    reports = [student.decode(config=CONFIG, filling=LOUD, calls=[call]) for call in calls]
    answers = [parts(report, "results") for report in reports]
    if repr(answers[0]) == "[[None]]":
        return  # is a `return` missing? what was computed is not known
    expect_heed(
        answers, "embed previous, take one LSTM step from (h, c), and read the logits off h"
    )


@pytest.mark.graded(
    line="state_in",
    weight=0,
    on_crash=CRASH,
)
@mending
def test_answers_depend_on_what_is_given(student: Probed, generator: torch.Generator) -> None:
    """What your decoder answers depends on the word or on the state that it is given."""
    B = 6
    previous, h, c = draw_words(generator, B, CONFIG)
    base: Call = (previous, h, c)
    calls = [base, base, (previous.roll(1), h, c), (previous, h.roll(1, 1), c.roll(1, 1))]
    answers = decodings(student.decode(config=CONFIG, filling=LOUD, calls=calls), calls, CONFIG)
    if not all(map(close, answers[0], answers[1])):  # by chance or by memory: each by itself
        reports = [student.decode(config=CONFIG, filling=LOUD, calls=[call]) for call in calls]
        answers = [
            decodings(report, [call], CONFIG)[0]
            for report, call in zip(reports, calls, strict=True)
        ]
    for answer, call in zip(answers[2:], calls[2:], strict=True):
        if not close(normalised(answer)[0], normalised(answers[0])[0], 1e-4):
            return
        pairs = zip(answer[1:], answers[0][1:], strict=True)
        if not any(is_handed_through(x, call) for x in answer[1:]) and not all(
            close(x, y, 1e-4) for x, y in pairs
        ):
            return
    raise Wrong(
        "your decoder answers the same whatever word and state it is given",
        "embed previous, take one LSTM step from (h, c), and read the logits off the new h",
    )


@pytest.mark.graded(line="state_in", weight=0, on_crash=CRASH)
@mending
def test_has_an_lstms_cell(student: Probed, generator: torch.Generator) -> None:
    """There is a cell state: the c that is given is used, or a new one comes back."""
    previous, h, c = draw_words(generator, 6, CONFIG)
    calls: list[Call] = [(previous, h, c), (previous, h, c.roll(1, 1))]
    report = student.decode(config=CONFIG, filling=LOUD, calls=calls)
    try:
        one, other = map(normalised, decodings(report, calls, CONFIG))
    except Wrong:
        return  # that is another matter
    expect(
        not all(map(close, one[:2], other[:2])) or not is_handed_through(one[2], calls[0]),
        "the c that is given counts for nothing, and no new one is made",
        "nn.LSTM is asked for: unlike a GRU or a plain RNN it carries a cell state c beside h",
    )


@pytest.mark.graded(line="state_in", weight=1, after=LOGITS, on_crash=CRASH)
@mending
def test_rows_do_not_mix(student: Probed, generator: torch.Generator) -> None:
    """Each row of a batch gets what it would get alone."""
    for layers, B in ((2, 5), (2, 2), (3, 3)):  # B = L for those who guess which is which
        config = {**CONFIG, "num_layers": layers}
        call = draw_words(generator, B, config)
        expect_rows_apart(student, config, LOUD, call, rare=layers == B)


@pytest.mark.graded(line="state_out", weight=2, after=FORM, on_crash=CRASH)
@mending
def test_values_are_an_lstms(student: Probed, generator: torch.Generator) -> None:
    """One step is exactly embedding and LSTM, whatever the number of layers."""
    B = CONFIG["vocab_size"] - 1  # every word but PAD
    for layers in (1, 2, 3):
        config = {**CONFIG, "num_layers": layers}
        for value in VALUES:
            filling = draw_filling(generator, value)
            previous, h, c = draw_words(generator, B, config)
            call = (previous, h, 2.5 * c)
            report = student.decode(config=config, filling=filling, calls=[call])
            answer = decodings(report, [call], config)[0]
            oracles = [constant_lstm(config, value, biases) for biases in (1, 2)]
            states = [decode_step(lstm, filling["embedding"], *call) for lstm in oracles]
            if any(same_state(answer, state) for state in states):
                continue
            expect_a_step(student, config, call, answer)
            if lacks_state(report, [call], config):
                continue
            expect_steady(student, config, filling, call)
            expect_rows_apart(student, config, filling, call)
            explain_step(student, answer, config, filling, call)


def expect_a_step(student: Probed, config: dict[str, Any], call: Call, answer: Decoding) -> None:
    """Check that a decoder whose state comes back as it went in does something with it."""
    if not all(is_handed_through(part, call) for part in answer[1:]):
        return
    seen = dependences(student, config, LOUD, call)
    expect(
        bool(seen & {("logits", 1), ("logits", 2)}),
        "your decoder takes no step: its state comes back as it went in, and its logits do not "
        "depend on it",
        "embed previous, take one LSTM step from (h, c), and read the logits off the new h",
    )


@pytest.mark.graded(line="logits", weight=3, after=STEP, on_crash=CRASH)
@mending
def test_logits_are_linear_for_any_layers(student: Probed, generator: torch.Generator) -> None:
    """The logits are linear in the top layer's new h, whatever the number of layers."""
    for layers in (1, 2, 3):
        config = {**CONFIG, "num_layers": layers}
        try:
            expect_affine(student, config, generator)
        except Wrong:
            # how layers are joined shows in the logits alone where there are two
            deeper, answer, _ = read_inside(student, {**CONFIG, "num_layers": 3})
            if layers != 2 or deeper is None or not any(s.help == LAYERS for s in deeper.slips):
                raise
            if fit(deeper.step.top, answer[0]) is None:
                raise


@pytest.mark.graded(line="state_in", weight=2, after=LOGITS, on_crash=CRASH)
@mending
def test_state_goes_on(student: Probed, generator: torch.Generator) -> None:
    """Fed with its own states, your decoder computes what an LSTM computes over several steps."""
    filling = draw_filling(generator, 0.21)
    for size in (3, 1):
        calls: list[Call] = [draw_call(generator, size, CONFIG)]
        calls += [draw_call(generator, size, CONFIG)[:1] for _ in range(3)]
        oracles = [constant_lstm(CONFIG, 0.21, biases) for biases in (1, 2)]
        chains = [chain(lstm, filling["embedding"], calls) for lstm in oracles]
        try:
            report = student.decode(config=CONFIG, filling=filling, calls=calls)
            answers = decodings(report, calls, CONFIG)
        except (Wrong, StudentFault):
            answers = []
        if any(answers and all(map(same_state, answers, expected)) for expected in chains):
            continue
        explain_chain(student, filling, calls, chains)


def explain_chain(
    student: Probed, filling: dict[str, Any], calls: list[Call], chains: list[list[State]]
) -> None:
    """Say why states part from an LSTM's: go on from each, as it should have come back."""
    call, answers = calls[0], []
    for following in [*calls[1:], ()]:
        report = student.decode(config=CONFIG, filling=filling, calls=[call])
        answer = decodings(report, [call], CONFIG)[0]
        answers.append(answer)
        if not any(all(map(same_state, answers, expected[: len(answers)])) for expected in chains):
            found = readings(answer[1:], call, filling["embedding"], 0.21)
            slips = found[0].slips if found else ()
            seen = dependences(student, CONFIG, LOUD, call)
            used = {("logits", 1), ("logits", 2), ("h", 1), ("h", 2), ("c", 1), ("c", 2)} & seen
            if (
                UNUSED in slips
                or not used
                or (
                    all(is_handed_through(part, call) for part in answer[1:])
                    and not used & {("logits", 1), ("logits", 2)}
                )
            ):
                tell(UNUSED)
                raise Wrong(UNUSED.says, UNUSED.help)  # the core of a decoder is missing
            expect_steady(student, CONFIG, filling, call)
            expect_rows_apart(student, CONFIG, filling, call)
            explain_step(student, answer, CONFIG, filling, call)
        if following:
            call = (following[0], *answer[1:])


@pytest.mark.graded(
    line="clean",
    weight=1,
    after=LOGITS,
    on_crash=CRASH,
    stays="names what is kept between calls, where another check sees only its effect",
)
@mending
def test_batches_may_take_turns(student: Probed, generator: torch.Generator) -> None:
    """Two batches decoded in turns do not disturb each other, and no argument is changed."""
    a, b = draw_call(generator, 3, CONFIG), draw_call(generator, 3, CONFIG)
    a[0][1] = CONFIG["pad_id"]  # what it means is free, but here, too, it must be left alone
    later = draw_call(generator, 3, CONFIG)
    calls = [a, b, a, later, b]
    report = student.decode(config=CONFIG, filling=LOUD, calls=calls)
    answers = [normalised(answer) for answer in decodings(report, calls, CONFIG)]
    if not (alike(answers[2], answers[0]) and alike(answers[4], answers[1])):
        expect_steady(student, CONFIG, LOUD, a)
        raise Wrong(
            "an answer depends on what your decoder was asked before",
            NO_MEMORY,
            line="clean",
            share=0.9,
        )
    expect_arguments_unchanged(report, calls)
    calls = [a, a]
    other = {**LOUD, "seed": 8}
    report = student.decode(config=CONFIG, filling=LOUD, calls=calls, becomes=other)
    before, after = map(normalised, decodings(report, calls, CONFIG))
    if alike(before, after):
        raise Wrong(
            "the same word and state get the same answer when your decoder has learned something "
            "else",
            NO_MEMORY,
            line="clean",
            share=0.9,
        )


@pytest.mark.graded(
    line="clean", weight=1, after=[*LOGITS, "without_dropout_modes_agree"], on_crash=CRASH
)
@mending
def test_without_dropout_training_is_as_evaluation(
    student: Probed, generator: torch.Generator
) -> None:
    """With dropout 0 your decoder answers the same in train mode as in eval mode."""
    config = {**CONFIG, "dropout": 0.0}
    expect_modes_alike(student, config, LOUD, draw_call(generator, 3, config))


@pytest.mark.graded(
    line="clean",
    weight=2,
    after=[*LOGITS, "drops_out_embeddings_in_training_only", "without_dropout_modes_agree"],
    on_crash=CRASH,
)
@mending
def test_dropout_is_on_the_embedding(student: Probed, generator: torch.Generator) -> None:
    """In train mode single units of the embedding are dropped, the others scaled up."""
    try:
        with priced("clean", 0.4):
            expect_embedding_dropped(student, generator)
    except Wrong:
        # what a step that is another one drops cannot be told from what it gives
        if is_plain(student, {**CONFIG, "num_layers": 1}):
            raise


def expect_embedding_dropped(student: Probed, generator: torch.Generator) -> None:
    """Check a one-layer decoder of which all units are alike in train mode."""
    p, E, V = 0.3, CONFIG["embedding_dim"], CONFIG["vocab_size"]
    config = {**CONFIG, "num_layers": 1, "dropout": p}
    value, first = 0.2, (0.1, 0.8)
    table = torch.randn(V, E, generator=generator)  # others stand in for an output layer as well
    table[:6] = 1.0
    filling = {"constant": value, "embedding": table}
    h, c = (torch.full((1, 6, CONFIG["hidden_dim"]), number) for number in first)
    calls: list[Call] = [(torch.arange(6), h, c)] * 20
    report = student.decode(config=config, filling=filling, calls=calls, training=True, seed=11)
    answers = decodings(report, calls, config)
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
            line="clean",
            share=0.27,
        )
        expect(
            abs(kept.float().mean().item() / E - (1 - p)) < 0.2,
            "the share of embedding units that are kept is not 1 - dropout",
            "pass dropout on unchanged: it is the probability to drop, not to keep",
        )
        return
    explain_dropout(new_h[:, 0], config, value, first)


@pytest.mark.graded(
    line="learning",
    weight=2,
    after=[*CLEAN, "everything_can_be_learned", "without_dropout_training_is_as_evaluation"],
    on_crash=CRASH,
)
@mending
def test_gradients_reach_embedding_and_state(student: Probed, generator: torch.Generator) -> None:
    """Logits, h and c carry their gradients back to the embedding and to the state given."""
    config = {**CONFIG, "dropout": 0.0}
    B = CONFIG["vocab_size"] - 1  # every word but PAD
    call = draw_words(generator, B, config)
    asked: dict[str, Any] = dict(zip(("previous", "h", "c"), call, strict=True))
    of_logits = torch.randn(B, CONFIG["vocab_size"], generator=generator)
    of_state = {name: torch.randn(call[1].shape, generator=generator) for name in ("h", "c")}
    table = draw_filling(generator, 0.2)

    # logits are affine in h, by whatever parameters: their gradient is one of h
    try:
        affine = affine_of(student, config, LOUD)
    except Wrong:
        affine = None  # told elsewhere
    report = student.decode(config=config, filling=LOUD, calls=[call])
    _, new_h, _ = decodings(report, [call], config)[0]
    same_of_h = torch.zeros_like(new_h)
    if affine is not None:
        same_of_h[-1] = slope_of_logits(affine, new_h[-1], of_logits)
    zero = torch.zeros_like(new_h)
    weights = {"logits": of_logits, "h": same_of_h, "c": zero}
    report = student.decoder_gradients(config=config, filling=LOUD, weights=weights, **asked)
    expect_arrival(student, report, config, LOUD, call, ("logits",))
    # an output layer may share the embedding's weights, which adds to their gradient
    pairs = zip(
        gradients_at(report, "logits")[1:], gradients_at(report, "h")[1:], PLACES[1:], strict=True
    )
    differ = [
        f"the gradient of logits at {to} is not h's"
        for one, other, to in pairs
        if one is None or other is None or not close(one, other, 1e-4, 1e-4)
    ]
    if affine is None:
        differ = []

    weights = {"logits": of_logits, **of_state}
    report = student.decoder_gradients(config=config, filling=table, weights=weights, **asked)
    expected = [slopes(config, table["embedding"], call, of_state, n) for n in (1, 2)]
    for name in of_state:
        got = gradients_at(report, name)
        differ += [
            f"the gradient of {name} with respect to {to} is not an LSTM's"
            for place, (one, to) in enumerate(zip(got, PLACES, strict=True))
            if one is None or not any(close(one, oracle[name][place]) for oracle in expected)
        ]
    expect_arrival(student, report, config, table, call, ("h", "c"))
    if differ and is_plain(student, config):  # another step than an LSTM's has other gradients
        raise Wrong(differ[0], *CUT, line="learning", share=0.9)


CUT = ("a part of the graph is cut off: look for .detach(), .data and torch.no_grad()", True)


@pytest.mark.graded(
    line="learning",
    weight=1,
    after=[*CLEAN, "everything_can_be_learned"],
    on_crash=CRASH,
)
@mending
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
    if type(reached) is int and reached >= fewest_weights(config):
        return
    help = (
        "input, forget, cell and output gate each read the input and h with weights of their own, "
        "and each layer has its own set; no weight may be used under torch.no_grad()"
    )
    if not is_plain(student, config):
        return  # another step has other weights; told where its values are looked at
    shared = type(reached) is int and 2 * reached >= fewest_weights(config)
    raise Wrong(
        "fewer weights get a gradient than an LSTM of this size has",
        help,
        guess=True,
        line="state_out" if shared else "learning",
        share=1.0,
    )


@pytest.mark.graded(
    line="clean", weight=1, after=[*CLEAN, "works_on_a_simulated_gpu"], on_crash=CRASH
)
@mending
def test_works_on_another_device(
    student: Probed, generator: torch.Generator, record_property: Callable[[str, object], None]
) -> None:
    """Moved to a GPU and given a word and a state there, your decoder answers there."""
    previous, h, c = draw_call(generator, 3, CONFIG)
    report = student.decoder_on(config=CONFIG, filling=LOUD, previous=previous, h=h, c=c)
    with priced("clean", 0.3):
        expect_at_home(report, "Decoder", record_property, "previous.device")
