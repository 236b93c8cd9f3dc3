"""Asks for greedy translations, and names what is wrong with them."""

from __future__ import annotations

from typing import Any

from checks.expect import Wrong, expect
from checks.seq2seq.greedy.explain import explain_tokens
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.answers import runs, token_rows
from checks.seq2seq.shared.trees import batch_of

from ..shared.scorer import Scorer, Tokens, greedy

IN_A_BATCH = (
    "a sentence goes wrong in a batch; alone it is right",
    "each row starts from BOS and its own state and keeps its own token and state: if you drop "
    "rows that have ended, drop them from the tokens, from h and from c alike, and remember which "
    "rows are left",
)


def ask(student: Probed, model: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    """The runs of `greedy_decode` on all sentences of a model; one without an end is stopped."""
    inputs = {**batch_of(model), **options}
    steps = options["max_length"]
    limited = {**model, "max_rows": 4 * len(inputs["source"]) * steps * (steps + 1)}
    return runs(student.greedy(model=limited, **inputs), options.get("times", 1))


def decode(
    student: Probed, model: dict[str, Any], **options: Any
) -> tuple[list[Tokens], dict[str, Any]]:
    """The translations of all sentences of a model, and the run they are from."""
    (run,) = ask(student, model, **options)
    rows = len(options.get("source", model["sources"]))
    return token_rows(run, rows), run


def expect_greedy(
    decoded: tuple[list[Tokens], dict[str, Any]],
    scorer: Scorer,
    max_length: int,
    student: Probed | None = None,
    cut_right: bool = False,
) -> None:
    """Compare translations with the right ones; name the mistake where it is a known one.

    Args:
        student: where given, it is asked for a row that goes wrong by itself.
        cut_right: whether translations were found to be cut right at another max_length.
    """
    got, run = decoded
    right = [greedy(scorer, row, max_length)[0] for row in range(len(got))]
    expect(
        got == right or sorted(got) != sorted(right),
        "the translations are right, but not in the order of the rows of `source`",
        "the result's entry b belongs to row b: if you sort the batch, put its order back",
    )
    model = scorer.model
    facts = {"pad_id": model.pad_id, "bos_id": model.bos_id, "eos_id": model.eos_id}
    facts |= {"vocab_size": scorer.vocab_size, "rows": len(got), "cut_right": cut_right}
    expect(
        len(got) == 1 or len({*got}) > 1 or len({*right}) == 1,
        "different sentences get the same translation",
        "each row has its own state, its own tokens and its own list",
    )
    for row, (tokens, best) in enumerate(zip(got, right, strict=True)):
        if tokens == best:
            continue
        shorter = min(len(tokens), len(best))
        whole = [len(first) for first in run["inputs"][:1]] == [len(got)]  # all in one call
        begun = not whole or run["origins"][:1] == [("encoder h", "encoder c")]
        elsewhere = begun and tokens[:shorter] != best[:shorter]
        if student is not None and len(got) > 1 and elsewhere:
            alone, _ = decode(
                student, scorer.values, **batch_of(scorer.values, [row]), max_length=max_length
            )
            expect(alone != [best], *IN_A_BATCH)
        raise Wrong(*explain_tokens(tokens, best, {**facts, "row": row}, max_length, run))
