"""Hidden checks of `Encoder`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from checks.expect import Wrong, close, expect
from checks.seq2seq.encoder.encodings import (
    CRASH,
    PACK,
    arriving,
    encodings,
    expect_batches_unchanged,
    expect_modes_alike,
    expect_rows_as_alone,
    expect_steady,
    shapes_of,
)
from checks.seq2seq.probed import Probed
from checks.simulated_gpu.elsewhere import expect_at_home

from ..shared.lstm import CONFIG, LOUD, fewest_weights
from .oracle import (
    draw_dropped,
    draw_source,
    draw_table,
    expect_lstm,
    expect_outputs_as_h,
    explain_dropped,
    levels,
    slopes,
)

GRADIENTS_NEED = [
    "values_are_an_lstms",
    "rows_do_not_mix",
    "without_dropout_training_is_as_evaluation",
]


@pytest.mark.graded(line="lstm", weight=2, on_crash=CRASH)
def test_values_are_an_lstms(student: Probed, generator: torch.Generator) -> None:
    """With known weights, your encoder computes exactly what an LSTM computes, in every layer."""
    table = draw_table(generator)
    for layers, length in ((1, 6), (2, 26), (3, 6)):  # no limit on the length is given
        source, lengths = draw_source(generator, [length], length)
        expect_lstm(student, {**CONFIG, "num_layers": layers}, table, source, lengths)


@pytest.mark.graded(line="rows", weight=3, after=["returns_outputs_and_state"], on_crash=PACK)
def test_rows_do_not_mix(student: Probed, generator: torch.Generator) -> None:
    """Each sentence of a batch is encoded as if it were alone, in any order of lengths."""
    for lengths in ([3, 7, 1, 5, 7], [1, 2, 4, 5], [6, 4, 4, 2], [4, 4, 4]):
        source, sizes = draw_source(generator, lengths, 7)
        expect_rows_as_alone(student, CONFIG, LOUD, source, sizes)


@pytest.mark.graded(line="padding", weight=1, after=["rows_do_not_mix"], on_crash=PACK)
def test_never_reads_padding(student: Probed, generator: torch.Generator) -> None:
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


@pytest.mark.graded(line="rows", weight=1, after=["returns_outputs_and_state"], on_crash=CRASH)
def test_one_sentence_is_a_batch(student: Probed, generator: torch.Generator) -> None:
    """A batch of one sentence is right too, be the sentence one token or padded."""
    table = draw_table(generator)
    for lengths, S in (([1], 1), ([2], 4)):
        for layers in (1, 2):
            config = {**CONFIG, "num_layers": layers}
            source, sizes = draw_source(generator, lengths, S)
            expect_lstm(student, config, table, source, sizes, values=(0.2,))


@pytest.mark.graded(line="clean", weight=1, after=["returns_outputs_and_state"], on_crash=CRASH)
def test_each_call_starts_anew(student: Probed, generator: torch.Generator) -> None:
    """Your encoder keeps nothing from call to call and leaves its arguments as they were."""
    source, _ = draw_source(generator, [6, 6, 6], 6)  # no PAD id, also after a row's end
    batch = source, torch.tensor([3, 5, 1])
    other = draw_source(generator, [6, 2, 4], 6)  # of the same shape
    batches = [batch, other, batch]
    report = student.encode(config=CONFIG, filling=LOUD, batches=batches)
    first, second, again = encodings(report, shapes_of(batches), CONFIG)
    alone = student.encode(config=CONFIG, filling=LOUD, batches=[other])
    (fresh,) = encodings(alone, shapes_of([other]), CONFIG)
    for now, right in ((again, first), (second, fresh)):
        if not (close(now[1], right[1]) and close(now[2], right[2])):
            expect_steady(student, CONFIG, LOUD, batch)
            raise Wrong(
                "a batch gets another state when your encoder has encoded a batch before",
                "start every call from a zero state, and keep nothing of a call on self: no "
                "state, no mask, no lengths",
            )
    expect_batches_unchanged(report, batches)


@pytest.mark.graded(line="dropout", weight=2, after=["values_are_an_lstms"], on_crash=CRASH)
def test_dropout_is_on_the_embeddings(student: Probed) -> None:
    """In train mode single units of the embeddings are dropped, the others scaled up, no more."""
    p, E = 0.3, CONFIG["embedding_dim"]
    outputs, hs, cs = draw_dropped(student, p)
    h, c = hs[0], cs[0]  # what the bottom layer makes of the embeddings
    if not close(outputs, hs[-1]):
        expect_outputs_as_h(student, p)
    expect(
        close(outputs, hs[-1]),
        "in train mode outputs and h differ after one token",
        "dropout belongs on the embeddings: dropping units of outputs or of the state is too much",
    )
    for biases in (1, 2):
        level_h, level_c = levels(1 / (1 - p), biases)
        near = (h[:, :1] - level_h).abs() < 1e-5  # (draws, levels)
        if not (near.any(1).all() and close(h, h[:, :1].expand_as(h), atol=1e-5)):
            continue
        kept = near.float().argmax(1)  # (draws,)
        expect(
            close(c[:, 0], level_c[kept]),
            "in train mode c does not belong to h: units of c are dropped",
            "dropout belongs on the embeddings, not on the state",
        )
        expect(
            bool(kept.any()),
            "in train mode embeddings that are all equal arrive as zeros",
            "nothing but dropout stands between embedding and LSTM: no normalisation over a batch",
        )
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
    explain_dropped(h, p)


@pytest.mark.graded(line="dropout", weight=1, after=["returns_outputs_and_state"], on_crash=CRASH)
def test_without_dropout_training_is_as_evaluation(
    student: Probed, generator: torch.Generator
) -> None:
    """With dropout 0 your encoder answers the same in train mode as in eval mode."""
    config = {**CONFIG, "dropout": 0.0}
    expect_modes_alike(student, config, LOUD, draw_source(generator, [2, 4, 3], 4))


@pytest.mark.graded(
    line="dropout",
    weight=1,
    after=["rows_do_not_mix", "without_dropout_training_is_as_evaluation"],
    on_crash=CRASH,
)
def test_state_is_never_dropped(student: Probed, generator: torch.Generator) -> None:
    """In train mode nothing that passes from token to token, and nothing returned, is dropped."""
    batch = draw_source(generator, [2, 5, 3, 4], 5)
    zeros = torch.zeros(CONFIG["vocab_size"], CONFIG["embedding_dim"])
    filling = {**LOUD, "embedding": zeros}  # of which dropout leaves zeros
    for layers in (1, 2):
        config = {**CONFIG, "num_layers": layers, "dropout": 0.5}
        answers = []
        for training in (False, True):
            report = student.encode(
                config=config, filling=filling, batches=[batch] * 3, training=training, seed=23
            )
            answers.append(encodings(report, [(4, 5)] * 3, config))
        (still, *_), dropped = answers
        outputs, h, c = still
        expect(
            close(outputs[torch.arange(4), batch[1] - 1], h[-1])
            and bool((h != 0).all() & (c != 0).all()),
            "h and c are not those of the last real token, in eval mode either",
        )
        for outputs, h, c in dropped:
            last = outputs[torch.arange(4), batch[1] - 1]  # (batch, hidden)
            expect(
                close(last, h[-1]) and bool((h != 0).all()) and bool((c != 0).all()),
                "in train mode units of the state or of the outputs are dropped",
                "dropout belongs on the embeddings (and, if you like, between layers), not on "
                "what the encoder returns",
            )
            expect(  # the bottom layer reads zeros, dropped or not
                close(h[0], still[1][0]) and close(c[0], still[2][0]),
                "in train mode dropout changes the state though all embeddings are zero",
                "nothing is dropped from token to token: the h and c that enter the next step are "
                "whole",
            )


@pytest.mark.graded(line="learning", weight=2, after=GRADIENTS_NEED, on_crash=CRASH)
def test_gradients_reach_the_embeddings(student: Probed, generator: torch.Generator) -> None:
    """Outputs, h and c all carry their gradients back to the embeddings."""
    config = {**CONFIG, "dropout": 0.0}
    table = draw_table(generator).requires_grad_()
    source, lengths = draw_source(generator, [2, 5, 1, 4], 5)  # every word once
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
        got = arriving(report, name, CONFIG)
        silent = ~got.any(1)  # (vocabulary,)
        silent[CONFIG["pad_id"]] = False
        expect(
            not (
                silent.sum() == 1 and any(close(got[~silent], o[name][~silent]) for o in expected)
            ),
            "no gradient arrives at the embedding of one word, which therefore never learns",
            "is that id taken for padding? padding_idx is pad_id, whatever number that is",
        )
        expect(
            any(close(got, oracle[name]) for oracle in expected),
            f"the gradient of {name} with respect to the embeddings is not an LSTM's",
            "a part of the graph is cut off, at some token or layer: look for .detach(), .data "
            "and torch.no_grad()",
            guess=True,
        )


@pytest.mark.graded(line="learning", weight=2, after=["returns_outputs_and_state"], on_crash=CRASH)
def test_every_gate_has_its_own_weights(student: Probed, generator: torch.Generator) -> None:
    """Four gates of every layer have weights of their own, and all of them are learned."""
    config = {**CONFIG, "num_layers": 3, "dropout": 0.0}  # upper layers may share by mistake
    source, lengths = draw_source(generator, [4, 5, 3, 5, 2, 5], 5)
    B, S, L, H = 6, 5, config["num_layers"], CONFIG["hidden_dim"]
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
        guess=True,
    )


@pytest.mark.graded(line="clean", weight=1, after=["rows_do_not_mix"], on_crash=CRASH)
def test_works_on_another_device(
    student: Probed, generator: torch.Generator, record_property: Callable[[str, object], None]
) -> None:
    """Moved to a GPU and given a batch there, your encoder computes and answers there."""
    source, lengths = draw_source(generator, [3, 5, 1, 4], 6)
    report = student.encoder_on(config=CONFIG, filling=LOUD, source=source, source_lengths=lengths)
    expect_at_home(report, "Encoder", record_property)
