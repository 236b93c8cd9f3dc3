"""Hidden checks of `Encoder`."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from autograder.checks.expect import Wrong, close, expect
from autograder.suites.seq2seq.checks.test_encoder import (
    CRASH,
    PACK,
    encodings,
    expect_rows_as_alone,
    shapes_of,
)
from autograder.suites.seq2seq.encoder_oracle import (
    draw_dropped,
    draw_source,
    draw_table,
    expect_lstm,
    levels,
    slopes,
)
from autograder.suites.seq2seq.oracles import CONFIG, LOUD, constant_lstm, fewest_weights


@pytest.mark.graded(weight=2, on_crash=CRASH)
def test_values_are_an_lstms(student: Any, generator: torch.Generator) -> None:
    """With known weights, your encoder computes exactly what an LSTM computes, in every layer."""
    table = draw_table(generator)
    source, lengths = draw_source(generator, [5, 5, 5], 5)
    for layers in (1, 2, 3):
        expect_lstm(student, {**CONFIG, "num_layers": layers}, table, source, lengths)


@pytest.mark.graded(weight=2, needs=["values_are_an_lstms"], on_crash=PACK)
def test_values_stand_at_the_last_real_token(student: Any, generator: torch.Generator) -> None:
    """In a ragged batch, each row's state is the one after its own last real token."""
    table = draw_table(generator)
    source, lengths = draw_source(generator, [2, 6, 1, 4], 6)
    expect_lstm(student, CONFIG, table, source, lengths)


@pytest.mark.graded(weight=1, needs=["returns_outputs_and_state"], on_crash=PACK)
def test_rows_do_not_mix(student: Any, generator: torch.Generator) -> None:
    """Each sentence of a batch is encoded as if it were alone, in any order of lengths."""
    for lengths in ([3, 7, 1, 5, 7], [1, 2, 4, 5], [6, 4, 4, 2]):
        source, sizes = draw_source(generator, lengths, 7)
        expect_rows_as_alone(student, CONFIG, LOUD, source, sizes)


@pytest.mark.graded(weight=1, needs=["rows_do_not_mix"], on_crash=PACK)
def test_never_reads_padding(student: Any, generator: torch.Generator) -> None:
    """Neither the ids in padding nor the number of padded columns changes an answer."""
    source, lengths = draw_source(generator, [2, 4, 1, 3], 4)
    noisy, _ = draw_source(generator, [7, 7, 7, 7], 7)  # words where padding is expected
    real = torch.arange(4) < lengths[:, None]
    noisy[:, :4][real] = source[real]
    batches = [(source, lengths), (noisy, lengths), (noisy[:, :5], lengths)]
    report = student.encode(config=CONFIG, filling=LOUD, batches=batches)
    first, *others = encodings(report, shapes_of(batches), CONFIG)
    for outputs, h, c in others:
        expect(
            close(h, first[1])
            and close(c, first[2])
            and close(outputs[:, :4][real], first[0][real]),
            "answers depend on the ids at padded positions or on the number of padded columns",
            "use source_lengths alone; what stands after a row's length is unspecified",
        )


@pytest.mark.graded(weight=1, needs=["returns_outputs_and_state"], on_crash=CRASH)
def test_one_sentence_is_a_batch(student: Any, generator: torch.Generator) -> None:
    """A batch of one sentence, and a sentence of one token, keep all their dimensions."""
    table = draw_table(generator)
    for lengths, S in (([4], 4), ([1], 1), ([1], 3), ([1, 1], 1)):
        for layers in (1, 2):
            config = {**CONFIG, "num_layers": layers}
            expect_lstm(student, config, table, *draw_source(generator, lengths, S))


@pytest.mark.graded(weight=1, needs=["returns_outputs_and_state"], on_crash=CRASH)
def test_reads_from_left_to_right(student: Any, generator: torch.Generator) -> None:
    """A later token changes no earlier output, and every token changes the final state."""
    source, lengths = draw_source(generator, [5], 5)
    variants = [source]
    for column in range(5):
        other = source.clone()
        other[0, column] = (other[0, column] + 1 + (other[0, column] + 1 == CONFIG["pad_id"])) % 13
        variants.append(other)
    batches = [(variant, lengths) for variant in variants]
    report = student.encode(config=CONFIG, filling=LOUD, batches=batches)
    (outputs, h, c), *changed = encodings(report, shapes_of(batches), CONFIG)
    for column, (other, other_h, other_c) in enumerate(changed):
        expect(
            close(outputs[:, :column], other[:, :column]),
            "an output depends on tokens that come after it",
            "the encoder is unidirectional: bidirectional=False, and source is not reversed",
        )
        differs = (h - other_h).abs().amax((1, 2)) > 1e-6  # (layers,)
        moves = bool(differs.all()) and not close(c, other_c, atol=1e-6, rtol=0.0)
        expect(
            moves,
            "a token in the sentence does not change the final state of some layer",
            "the state after the last token remembers all tokens: carry h and c from token to "
            "token, in every layer",
        )


@pytest.mark.graded(weight=1, needs=["returns_outputs_and_state"], on_crash=CRASH)
def test_h_is_a_gated_c(student: Any, generator: torch.Generator) -> None:
    """Every h is its own c, squashed by tanh and scaled down by a gate."""
    source, lengths = draw_source(generator, [3, 6, 2, 5], 6)
    report = student.encode(config=CONFIG, filling=LOUD, batches=[(source, lengths)])
    _, h, c = encodings(report, [(4, 6)], CONFIG)[0]
    gated = (h.abs() < c.tanh().abs() + 1e-6) & (h * c >= 0)
    if bool(((c.abs() < h.tanh().abs() + 1e-6) & (h * c >= 0)).all()) and not gated.all():
        raise Wrong("h and c are swapped", "return (h, c): hidden state first, cell state second")
    expect(
        bool(gated.all()) and not close(h, c, atol=1e-3),
        "h and c do not belong together: somewhere h is not o * tanh(c) with a gate o in (0, 1)",
        "h and c must come from the same layer, row and token; an LSTM's c is not its h",
    )


@pytest.mark.graded(weight=1, needs=["returns_outputs_and_state"], on_crash=CRASH)
def test_each_call_starts_anew(student: Any, generator: torch.Generator) -> None:
    """Your encoder keeps nothing from call to call and leaves its arguments as they were."""
    source, _ = draw_source(generator, [6, 6, 6], 6)  # no PAD id, also after a row's end
    batch = source, torch.tensor([3, 5, 1])
    other = draw_source(generator, [2, 4, 4], 4)
    batches = [batch, other, batch]
    report = student.encode(config=CONFIG, filling=LOUD, batches=batches)
    (_, h, c), (_, other_h, _), (_, again_h, again_c) = encodings(
        report, shapes_of(batches), CONFIG
    )
    expect(not close(h, other_h, atol=1e-3), "different sentences get the same state")
    expect(
        close(h, again_h) and close(c, again_c),
        "the same batch, encoded a second time in eval mode, gets another state",
        "start every call from a zero state; keep none on self, and let nothing random in",
    )
    after = report.get("batches")
    expect(
        isinstance(after, list)
        and len(after) == 3
        and all(
            isinstance(pair, tuple) and len(pair) == 2 and same(pair[0], a) and same(pair[1], b)
            for pair, (a, b) in zip(after, batches, strict=True)
        ),
        "source or source_lengths is changed by encoding it",
        "do not sort or overwrite the caller's tensors in place; make new ones",
    )


def same(value: Any, tensor: Tensor) -> bool:
    """Whether a value is this integer tensor."""
    return isinstance(value, Tensor) and torch.equal(value, tensor)


@pytest.mark.graded(weight=2, needs=["values_are_an_lstms"], on_crash=CRASH)
def test_dropout_is_on_the_embeddings(student: Any) -> None:
    """In train mode single units of the embeddings are dropped, the others scaled up, no more."""
    p, E = 0.3, CONFIG["embedding_dim"]
    outputs, h, c = draw_dropped(student, p)
    expect(
        close(outputs, h),
        "in train mode outputs and h differ after one token",
        "dropout belongs on the embeddings: dropping units of outputs or of the state is too much",
    )
    whole = constant_lstm({**CONFIG, "num_layers": 1}, 0.2, 2), torch.ones(1, 1, E)
    undropped = whole[0](whole[1])[1][0].flatten()[0]
    for biases in (1, 2):
        level_h, level_c = levels(p, biases)
        near = (h[:, :1] - level_h).abs() < 1e-5  # (draws, levels)
        if not (near.any(1).all() and close(h, h[:, :1].expand_as(h), atol=1e-5)):
            continue
        kept = near.float().argmax(1)  # (draws,)
        expect(close(c[:, 0], level_c[kept]), "in train mode c does not belong to h")
        expect(
            bool(((kept > 0) & (kept < E)).any()),
            "a word's embedding is dropped as a whole or not at all",
            "nn.Dropout, which drops single units, is meant: not a mask over words",
        )
        share = kept.float().mean().item() / E
        expect(
            abs(share - (1 - p)) < 0.2,
            "the share of embedding units that are kept is not 1 - dropout",
            "hand dropout on unchanged: it is the probability to drop, not to keep",
        )
        return
    if bool((h - undropped).abs().max() < 1e-5):
        raise Wrong("in train mode nothing is dropped", "apply nn.Dropout(dropout) to embeddings")
    raise Wrong(
        "in train mode a one-layer encoder's state is not that of an embedding with some units "
        "dropped and the others divided by 1 - dropout",
        "nn.Dropout(dropout) on the embeddings and nothing else: not on h, c or outputs, not "
        "twice, with the dropout your encoder is given",
    )


@pytest.mark.graded(weight=1, needs=["returns_outputs_and_state"], on_crash=CRASH)
def test_state_is_never_dropped(student: Any, generator: torch.Generator) -> None:
    """In train mode h is still the output at the last real token, and no unit of it is zeroed."""
    source, lengths = draw_source(generator, [2, 5, 3, 4], 5)
    config = {**CONFIG, "dropout": 0.5}
    batches = [(source, lengths)] * 3
    report = student.encode(config=config, filling=LOUD, batches=batches, training=True, seed=23)
    for outputs, h, c in encodings(report, shapes_of(batches), config):
        last = outputs[torch.arange(4), lengths - 1]  # (batch, hidden)
        expect(
            close(last, h[-1]) and bool((h != 0).all()) and bool((c != 0).all()),
            "in train mode units of the state or of the outputs are dropped",
            "dropout belongs on the embeddings (and, if you like, between layers), not on what "
            "the encoder returns",
        )
        expect(
            bool((h.abs() < c.tanh().abs() + 1e-6).all()),
            "in train mode h is larger than tanh(c) allows",
            "something scales the state in train mode: dropout belongs on the embeddings only",
        )


@pytest.mark.graded(weight=1, needs=["values_are_an_lstms"], on_crash=CRASH)
def test_without_dropout_training_is_as_evaluation(
    student: Any, generator: torch.Generator
) -> None:
    """With dropout 0 your encoder answers the same in train mode as in eval mode."""
    batch = draw_source(generator, [2, 4, 3], 4)
    config = {**CONFIG, "dropout": 0.0}
    answers = []
    for training in (False, True):
        report = student.encode(config=config, filling=LOUD, batches=[batch], training=training)
        answers.append(encodings(report, [(3, 4)], config)[0])
    expect(
        close(answers[0][1], answers[1][1]) and close(answers[0][2], answers[1][2]),
        "with dropout 0, train mode gives another state than eval mode",
        "use the dropout your encoder is given, not a number of your own, and no other noise",
    )


@pytest.mark.graded(weight=2, needs=["values_stand_at_the_last_real_token"], on_crash=CRASH)
def test_gradients_reach_the_embeddings(student: Any, generator: torch.Generator) -> None:
    """Outputs, h and c all carry their gradients back to the embeddings."""
    config = {**CONFIG, "dropout": 0.0}
    table = draw_table(generator).requires_grad_()
    source, lengths = draw_source(generator, [2, 5, 1, 4], 5)
    B, S, L, H = 4, 5, CONFIG["num_layers"], CONFIG["hidden_dim"]
    real = torch.arange(S) < lengths[:, None]
    weights = {
        "outputs": torch.randn(B, S, H, generator=generator),
        "h": torch.randn(L, B, H, generator=generator),
        "c": torch.randn(L, B, H, generator=generator),
    }
    report = student.encoder_gradients(
        config=config,
        filling={"embedding": table.detach(), "constant": 0.2},
        source=source,
        source_lengths=lengths,
        real=real,
        weights=weights,
    )
    expected = [slopes(config, table, source, lengths, weights, biases) for biases in (1, 2)]
    for name in weights:
        slope: Any = report.get(name) if isinstance(report, dict) else None
        found: Any = slope[0] if isinstance(slope, list) and slope else None
        expect(
            isinstance(found, Tensor),
            f"no gradient of {name} arrives at the embeddings",
            "something cuts the graph: .detach(), .data, torch.no_grad(), .item(), or a new "
            "tensor made from values",
        )
        expect(
            any(close(found, oracle[name]) for oracle in expected),
            f"the gradient of {name} with respect to the embeddings is not an LSTM's",
            "a part of the graph is cut off, at some token or layer: look for .detach(), .data "
            "and torch.no_grad()",
        )


@pytest.mark.graded(weight=1, needs=["returns_outputs_and_state"], on_crash=CRASH)
def test_every_gate_has_its_own_weights(student: Any, generator: torch.Generator) -> None:
    """Four gates of every layer have weights of their own, and all of them are learned."""
    config = {**CONFIG, "dropout": 0.0}
    source, lengths = draw_source(generator, [4, 5, 3, 5, 2, 5], 5)
    B, S, L, H = 6, 5, CONFIG["num_layers"], CONFIG["hidden_dim"]
    report = student.encoder_gradients(
        config=config,
        filling={"seed": 5, "scale": 0.4},
        source=source,
        source_lengths=lengths,
        real=torch.arange(S) < lengths[:, None],
        weights={
            "outputs": torch.ones(B, S, H),
            "h": torch.ones(L, B, H),
            "c": torch.ones(L, B, H),
        },
    )
    reached = report.get("reached") if isinstance(report, dict) else None
    expect(
        type(reached) is int and reached >= fewest_weights(config),
        "fewer weights get a gradient than an LSTM of this size has",
        "input, forget, cell and output gate each read the input and h with weights of their own, "
        "and each layer has its own set; no weight may be used under torch.no_grad()",
    )
