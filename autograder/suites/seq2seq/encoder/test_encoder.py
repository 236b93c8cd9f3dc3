"""Hidden checks of `Encoder`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from checks.expect import Wrong, expect, mended
from checks.seq2seq.encoder.asking import PACK, forgiving
from checks.seq2seq.encoder.encodings import (
    ask_gradients,
    encodings,
    expect_arrivals,
    expect_batches_unchanged,
    expect_learned,
    expect_modes_alike,
    expect_registered,
    expect_rows_as_alone,
    expect_steady,
)
from checks.seq2seq.encoder.forms import CRASH, alike
from checks.seq2seq.probed import Probed
from checks.simulated_gpu.elsewhere import expect_at_home

from ..shared.indifference import expect_heed, parts
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
    "leaves_everything_as_it_was",
]


@pytest.mark.graded(line="lstm", weight=2, after=["reads_one_token_as_an_lstm"], on_crash=CRASH)
@forgiving
def test_values_are_an_lstms(student: Probed, generator: torch.Generator) -> None:
    """With known weights, your encoder computes exactly what an LSTM computes, in every layer."""
    table = draw_table(generator)
    for layers, length in ((1, 6), (2, 26), (3, 6)):  # no limit on the length is given
        source, lengths = draw_source(generator, [length], length)
        expect_lstm(student, {**CONFIG, "num_layers": layers}, table, source, lengths)


@pytest.mark.graded(line="lstm", weight=0, on_crash=CRASH)
def test_heeds_the_sentence(student: Probed, generator: torch.Generator) -> None:
    """Other sentences get other answers."""
    table, words = draw_words(generator, 8)
    filling = {**LOUD, "embedding": table}
    sentences = [(some[None], torch.tensor([4])) for some in (words[:4], words[4:])]
    reports = [
        student.encode(config=CONFIG, filling=filling, batches=[batch]) for batch in sentences
    ]
    heard = [parts(report, "results", "heard") for report in reports]
    expect_heed(heard, "embed the tokens of source, and let an LSTM read them one after another")


@pytest.mark.graded(line="lstm", weight=0, on_crash=CRASH)
@forgiving
def test_every_word_counts(student: Probed, generator: torch.Generator) -> None:
    """The final state changes when any word's embedding changes, and for no other reason."""
    table, words = draw_words(generator, 7)
    table[words[4:]] = table[words[:3]] + torch.tensor([0.1, -0.1, 0.05])
    sentences = [words[:4].clone() for _ in range(5)]  # the last word of all is the same
    for place in range(3):
        sentences[place + 1][place] = words[4 + place]
    first, *others, again = final_states(student, table, sentences)
    if not alike(first, again):
        batch = words[None, :4], torch.tensor([4])
        expect_steady(student, CONFIG, {**LOUD, "embedding": table}, batch)
    changes = [(first - other).nan_to_num().abs() for other in others]
    expect(
        alike(first, again) and all(c.max() > 1e-6 and c.mean() < 0.15 for c in changes),
        "the final state does not depend on every word's embedding as an LSTM's does",
        "each token of a sentence is embedded and read, one after another, from the first to the "
        "last",
        guess=True,
    )


@pytest.mark.graded(line="lstm", weight=0, after=["every_word_counts"], on_crash=CRASH)
@forgiving
def test_reads_one_word_after_another(student: Probed, generator: torch.Generator) -> None:
    """What a word does to the state depends on the state that was there before it."""
    table, (a, b, c, d, e, end) = draw_words(generator, 6)
    orders = (a, b, d), (b, a, d), (c, b, d), (a, b, e), (c, b, e)
    sentences = [torch.stack([*words, end]) for words in orders]
    abd, bad, cbd, abe, cbe = final_states(student, table, sentences)
    mixed = (abd - cbd) - (abe - cbe)  # zero if each word adds its own, whatever was before
    expect(
        all(bool((x.nan_to_num().abs() > 1e-4).any()) for x in (abd - bad, mixed)),
        "the order of the words, or what stood before, makes no difference to the final state",
        "an LSTM carries h and c from token to token: both enter the next step",
        guess=True,
    )


@pytest.mark.graded(line="lstm", weight=0, on_crash=CRASH)
@forgiving
def test_has_an_lstms_cell(student: Probed, generator: torch.Generator) -> None:
    """There is a cell state, as in an LSTM, or h alone shows that there was one."""
    config, batch = {**CONFIG, "num_layers": 1}, draw_source(generator, [3, 2], 3)
    table = draw_table(generator)
    filling = {"embedding": table, "constant": 0.2}
    report = student.encode(config=config, filling=filling, batches=[batch])
    try:
        _, _, c = encodings(report, [batch], config)[0]
    except Wrong:
        return  # that is another matter
    if not bool(c.isnan().all()):
        return
    try:
        expect_lstm(student, config, table, *batch, values=(0.2,))
    except Wrong:
        raise Wrong(
            "no cell state comes back, and h is not an LSTM's",
            "nn.LSTM is asked for: unlike a GRU or a plain RNN it carries a cell state c beside h",
        ) from None


def draw_words(generator: torch.Generator, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """An embedding matrix and some different words, PAD not among them."""
    table = draw_table(generator)
    words = torch.randperm(CONFIG["vocab_size"] - 3, generator=generator)[:count] + 1
    return table, words + (words >= CONFIG["pad_id"]).long()  # nor 0 and the last


def final_states(
    student: Probed, table: torch.Tensor, sentences: list[torch.Tensor]
) -> list[torch.Tensor]:
    """The last output, h and c of sentences that are asked one by one, each as one vector."""
    batches = [(words[None], torch.tensor([len(words)])) for words in sentences]
    filling = {**LOUD, "embedding": table}
    report = student.encode(config=CONFIG, filling=filling, batches=batches)
    states = encodings(report, batches, CONFIG)
    return [torch.cat([outputs[0, -1], h.flatten(), c.flatten()]) for outputs, h, c in states]


@pytest.mark.graded(line="rows", weight=3, after=["returns_outputs_and_state"], on_crash=PACK)
@forgiving
def test_rows_do_not_mix(student: Probed, generator: torch.Generator) -> None:
    """Each sentence of a batch is encoded as if it were alone, in any order of lengths."""
    for lengths in ([3, 7, 1, 5, 7], [1, 2, 4, 5], [6, 4, 4, 2], [4, 4, 4]):
        source, sizes = draw_source(generator, lengths, 7)
        expect_rows_as_alone(student, CONFIG, LOUD, source, sizes)


@pytest.mark.graded(line="padding", weight=1, after=["rows_do_not_mix"], on_crash=PACK)
@forgiving
def test_never_reads_padding(student: Probed, generator: torch.Generator) -> None:
    """Neither the ids in padding nor the number of padded columns changes an answer."""
    source, lengths = draw_source(generator, [2, 4, 1, 3], 4)
    noisy, _ = draw_source(generator, [7, 7, 7, 7], 7)  # words where padding is expected
    real = torch.arange(4) < lengths[:, None]
    noisy[:, :4][real] = source[real]
    batches = [(source, lengths), (noisy, lengths), (noisy[:, :5], lengths)]
    report = student.encode(config=CONFIG, filling=LOUD, batches=batches)
    first, *others = encodings(report, batches, CONFIG)
    if not all(map(alike, first[1:], others[0][1:])):
        expect_steady(student, CONFIG, LOUD, batches[0])
    for outputs, h, c in others:
        expect(
            alike(h, first[1])
            and alike(c, first[2])
            and alike(outputs[:, :4][real], first[0][real]),
            "answers depend on the ids at padded positions or on the number of padded columns",
            "use source_lengths alone; what stands after a row's length is unspecified",
            share=0.5,
        )


@pytest.mark.graded(
    line="rows",
    weight=1,
    after=["returns_outputs_and_state", "values_are_an_lstms", "padding_changes_nothing"],
    on_crash=CRASH,
)
@forgiving
def test_one_sentence_is_a_batch(student: Probed, generator: torch.Generator) -> None:
    """A batch of one sentence is right too, also if it has one token only, or padding."""
    table = draw_table(generator)
    for lengths, S in (([1], 1), ([2], 4)):
        for layers in (1, 2):
            config = {**CONFIG, "num_layers": layers}
            source, sizes = draw_source(generator, lengths, S)
            expect_lstm(student, config, table, source, sizes, values=(0.2,))


@pytest.mark.graded(line="clean", weight=1, after=["returns_outputs_and_state"], on_crash=CRASH)
@forgiving
def test_each_call_starts_anew(student: Probed, generator: torch.Generator) -> None:
    """Your encoder keeps nothing from call to call and leaves its arguments as they were."""
    source, _ = draw_source(generator, [6, 6, 6], 6)  # no PAD id, also after a row's end
    batch = source, torch.tensor([3, 5, 1])
    other = draw_source(generator, [6, 2, 4], 6)  # of the same shape
    batches = [batch, other, batch]
    report = student.encode(config=CONFIG, filling=LOUD, batches=batches)
    first, second, again = encodings(report, batches, CONFIG)
    alone = student.encode(config=CONFIG, filling=LOUD, batches=[other])
    (fresh,) = encodings(alone, [other], CONFIG)
    for now, right in ((again, first), (second, fresh)):
        if not (alike(now[1], right[1]) and alike(now[2], right[2])):
            expect_steady(student, CONFIG, LOUD, batch)
            says = "a batch gets another state when your encoder has encoded a batch before"
            help = (
                "start every call from a zero state, and keep nothing of a call on self: no "
                "state, no mask, no lengths"
            )
            mended(says, help, line="padding", share=0.6)
            raise Wrong(says, help, share=1.0)
    expect_batches_unchanged(report, batches)
    report = student.encode(
        config=CONFIG, filling=LOUD, batches=[batch] * 2, becomes={**LOUD, "seed": 8}
    )
    if "heard" in report:
        return  # it returned nothing itself
    before, after = encodings(report, [batch] * 2, CONFIG)
    if alike(before[1], after[1]) and alike(before[2], after[2]):
        raise Wrong(
            "a batch gets the state of before when your encoder has learned something else",
            "keep no answers on self: what the weights are now decides",
            share=1.0,
        )


@pytest.mark.graded(
    line="dropout", weight=2, after=["values_are_an_lstms", "rows_do_not_mix"], on_crash=CRASH
)
@forgiving
def test_dropout_is_on_the_embeddings(student: Probed) -> None:
    """In train mode single units of the embeddings are dropped, the others scaled up, no more."""
    p, E = 0.3, CONFIG["embedding_dim"]
    outputs, hs, cs = draw_dropped(student, p)
    h, c = hs[0], cs[0]  # what the bottom layer makes of the embeddings
    if not alike(outputs, hs[-1]):
        expect_outputs_as_h(student, p)
    expect(
        alike(outputs, hs[-1]),
        "in train mode outputs and h differ after one token",
        "dropout belongs on the embeddings: dropping units of outputs or of the state is too much",
        share=0.55 if bool((outputs == 0).any() | (hs[-1] == 0).any()) else None,
    )
    if bool(h.isnan().all()):
        return  # the bottom layer's state did not come back
    for biases in (1, 2):
        level_h, level_c = levels(1 / (1 - p), biases)
        near = (h[:, :1] - level_h).abs() < 1e-5  # (draws, levels)
        if not (near.any(1).all() and alike(h, h[:, :1].expand_as(h))):
            continue
        kept = near.float().argmax(1)  # (draws,)
        expect(
            alike(c[:, 0], level_c[kept]) or bool((c == 0).any()),
            "in train mode c does not belong to h",
            "dropout belongs on the embeddings, not on the state",
            guess=True,
        )
        expect(
            alike(c[:, 0], level_c[kept]),
            "in train mode c does not belong to h: units of c are dropped",
            "dropout belongs on the embeddings, not on the state",
            share=0.6,
        )
        expect(
            bool(kept.any()),
            "in train mode embeddings that are all equal arrive as zeros",
            "nothing but dropout stands between embedding and LSTM: no normalisation over a batch",
            line="lstm",
            share=0.5,
        )
        expect(
            bool(((kept > 0) & (kept < E)).any()),
            "a word's embedding is dropped as a whole or not at all",
            "nn.Dropout, which drops single units, is meant: not a mask over words",
            share=0.45,
        )
        share = kept.float().mean().item() / E
        expect(
            abs(share - (1 - p)) < 0.2,
            "the share of embedding units that are kept is not 1 - dropout",
            "pass dropout on unchanged: it is the probability to drop, not to keep",
            share=0.75,
        )
        return
    expect_steady(student, CONFIG, LOUD, (torch.tensor([[1, 2]]), torch.tensor([2])))
    explain_dropped(h, p)


@pytest.mark.graded(line="dropout", weight=1, after=["returns_outputs_and_state"], on_crash=CRASH)
@forgiving
def test_without_dropout_training_is_as_evaluation(
    student: Probed, generator: torch.Generator
) -> None:
    """With dropout 0 your encoder answers the same in train mode as in eval mode."""
    config = {**CONFIG, "dropout": 0.0}
    expect_modes_alike(student, config, LOUD, draw_source(generator, [2, 4, 3], 4))


@pytest.mark.graded(
    line="dropout",
    weight=1,
    after=[
        "rows_do_not_mix",
        "without_dropout_training_is_as_evaluation",
        "values_are_an_lstms",
        "last_output_is_the_top_h",
    ],
    on_crash=CRASH,
)
@forgiving
def test_state_is_never_dropped(student: Probed, generator: torch.Generator) -> None:
    """In train mode no state between two tokens, and nothing that you return, is dropped."""
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
            answers.append(encodings(report, [batch] * 3, config))
        (still, again, *_), dropped = answers
        if not all(map(alike, still[1:], again[1:])):
            expect_steady(student, config, filling, batch)
        rows = torch.arange(4), batch[1] - 1
        expect(
            alike(still[0][rows], still[1][-1]) and bool((still[1] != 0).all()),
            "h and c are not those of the last real token, in eval mode either",
        )
        for outputs, h, c in dropped:
            zero = bool((h == 0).any()) or bool(((c == 0) & (still[2] != 0)).any())
            expect(
                alike(outputs[rows], h[-1]) and not zero,
                "in train mode units of the state or of the outputs are dropped",
                "dropout belongs on the embeddings (and, if you like, between layers), not on "
                "what the encoder returns",
                share=0.55,
            )
            expect(  # the bottom layer reads zeros, dropped or not
                alike(h[0], still[1][0]) and alike(c[0], still[2][0]),
                "in train mode dropout changes the state though all embeddings are zero",
                "nothing is dropped from token to token: the h and c that enter the next step are "
                "whole",
                share=0.65,
            )


@pytest.mark.graded(line="learning", weight=4, after=GRADIENTS_NEED, on_crash=CRASH)
@forgiving
def test_gradients_reach_the_embeddings(student: Probed, generator: torch.Generator) -> None:
    """Outputs, h and c all carry their gradients back to the embeddings."""
    expect_gradients(student, generator)


def expect_gradients(student: Probed, generator: torch.Generator) -> None:
    """Compare the gradients that arrive at the embeddings with an LSTM's."""
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
    report = ask_gradients(
        student,
        config=config,
        filling={"embedding": table.detach(), "constant": 0.2},
        source=source,
        source_lengths=lengths,
        real=real,
        weights=weights,
    )
    arrived = expect_arrivals(report, (source, lengths), config)
    came = {name: weight * report["came"][name] for name, weight in weights.items()}
    expected = [slopes(config, table, source, lengths, came, biases) for biases in (1, 2)]
    words = torch.tensor([i for i in range(CONFIG["vocab_size"]) if i != CONFIG["pad_id"]])
    for name, got in arrived.items():
        expect_learned(student, config, LOUD, got, words)
        if not any(alike(got, oracle[name]) for oracle in expected):
            filling = {"embedding": table.detach(), "constant": 0.2}
            expect_steady(student, config, filling, (source, lengths))
        expect(
            any(alike(got, oracle[name]) for oracle in expected),
            f"the gradient of {name} with respect to the embeddings is not an LSTM's",
            "a part of the graph is cut off, at some token or layer: look for .detach(), .data "
            "and torch.no_grad()",
            guess=True,
        )


@pytest.mark.graded(
    line="learning",
    weight=2,
    after=["returns_outputs_and_state", "rows_do_not_mix"],
    on_crash=CRASH,
)
@forgiving
def test_every_gate_has_its_own_weights(student: Probed, generator: torch.Generator) -> None:
    """Four gates of every layer have weights of their own, and all of them are learned."""
    config = {**CONFIG, "num_layers": 3, "dropout": 0.0}  # upper layers may share by mistake
    source, lengths = draw_source(generator, [4, 5, 3, 5, 2, 5], 5)
    B, S, L, H = 6, 5, config["num_layers"], CONFIG["hidden_dim"]
    report = ask_gradients(
        student,
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
    facts = report if isinstance(report, dict) else {}
    if "results" in facts:
        encodings(facts, [(source, lengths)], config)
    reached, size = facts.get("reached"), facts.get("weights")
    least = fewest_weights(config)
    expect_registered(size, config)
    if type(size) is int and size < least:
        explain_missing_weights(least - size, config)
    share, line = None, "learning"
    if type(reached) is int and least / 3 < reached < least:  # in another cell some have no say
        try:
            few = draw_source(generator, [4], 4)
            expect_lstm(student, config, draw_table(generator), *few, values=(0.5,))
            share = 0.65
            expect_gradients(student, generator)
        except Wrong:
            share = 0.0 if share is None else share
        else:
            if type(size) is int and 4 * reached == 3 * size:  # one gate's are never used
                share, line = 0.7, "lstm"
    expect(
        type(reached) is int and reached >= least,
        "fewer weights get a gradient than an LSTM of this size has",
        "input, forget, cell and output gate each read the input and h with weights of their own, "
        "and each layer has its own set; no weight may be used under torch.no_grad()",
        guess=True,
        line=line,
        share=share,
    )


def explain_missing_weights(missing: int, config: dict[str, Any]) -> None:
    """Say what an LSTM lacks that has too few weights."""
    H, L, least = config["hidden_dim"], config["num_layers"], fewest_weights(config)
    says = "your LSTM has fewer weights than an LSTM of this size"
    help = (
        "input, forget, cell and output gate each read the input and h with weights of their own, "
        "and each layer has its own set"
    )
    if missing == 4 * H * L:
        raise Wrong("no bias is added", "leave bias=True", line="lstm", share=0.2)
    size, bottom = least - missing, 4 * H * (config["embedding_dim"] + H)
    of_layers = any(  # some upper ones share theirs
        size == bottom + 4 * H * b + layers * 4 * H * (2 * H + b)
        for layers in range(1, L - 1)
        for b in (1, 2)
    )
    whole_gates = missing >= 0.2 * least
    raise Wrong(says, help, line="lstm", share=0.7 if whole_gates and not of_layers else 0.25)


@pytest.mark.graded(line="clean", weight=1, after=["rows_do_not_mix"], on_crash=CRASH)
@forgiving
def test_works_on_another_device(
    student: Probed, generator: torch.Generator, record_property: Callable[[str, object], None]
) -> None:
    """Moved to a GPU and given a batch there, your encoder computes and answers there."""
    source, lengths = draw_source(generator, [3, 5, 1, 4], 6)
    report = student.encoder_on(config=CONFIG, filling=LOUD, source=source, source_lengths=lengths)
    expect_at_home(report, "Encoder", record_property)
