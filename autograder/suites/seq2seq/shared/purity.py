"""What greedy decoding and beam search have in common: they leave everything as it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checks.expect import Wrong, expect, mended

# a run from each: what differs after the first two, which begin alike, is drawn from elsewhere;
# what is equal after the first and the last, which do not, was set
SEEDS = [3, 3, 4]
SOURCES = ("random", "numpy", "torch")  # of randomness
SETTINGS = ("default dtype", "default device", "anomaly mode", "deterministic algorithms")


def expect_eval_mode(run: dict[str, Any]) -> None:
    """The model was never used in train mode."""
    expect(
        not run["training_seen"],
        "the model was used in train mode, so dropout was active while it translated",
        "call model.eval() before the first call of the encoder, not only before the decoder",
    )


def expect_modes(run: dict[str, Any], training: bool, grad: bool) -> None:
    """The flags after a run are those before it."""
    expect(
        run["training_after"] is training,
        f"model.training was {training} before and is not {training} after the call",
        "remember model.training first and end with model.train(was_training), also where you "
        "return early",
    )
    expect(
        run["grad_after"] is grad,
        "the gradient mode of the whole program is changed",
        "use `with torch.no_grad():`, which puts back what was, not torch.set_grad_enabled()",
    )


def expect_no_graph(run: dict[str, Any]) -> None:
    """No decoder call carried a gradient graph."""
    expect(
        not run["graph_seen"],
        "the decoder's state carries a gradient graph, which costs memory at every step",
        "work under torch.no_grad(), the encoder's call included",
    )


def expect_untouched(run: dict[str, Any]) -> None:
    """Weights and inputs are what they were."""
    expect(
        not run["model_changed"],
        "the model's weights are changed by the call",
        "translating only reads the model; work on clones of what you write to",
    )
    expect(
        not run["inputs_changed"],
        "`source` or `source_lengths` is changed by the call",
        "work on a clone of a tensor that you write to",
    )


def expect_world_untouched(runs: Sequence[dict[str, Any]]) -> None:
    """Runs from `SEEDS` left the program's settings, and seeded nothing.

    To draw random numbers is no offence: that the sources go on from where they were is what a
    program relies on.
    """
    for name in SETTINGS:
        expect(
            not any(name in run["settings_changed"] for run in runs),
            f"the {name} of the whole program is changed by the call",
            "give dtypes and devices to the tensors you make, and leave the program's settings "
            "alone",
        )
    for source in SOURCES:
        first, again, other = (run["drawn"].get(source) for run in runs)
        expect(
            first == again != other,
            f"the random numbers of the whole program ({source}) are seeded by the call",
            "decoding needs no randomness: leave out seed() and manual_seed(), which make the "
            "program's later random numbers others",
        )


def expect_answered_anew(before: dict[str, Any], after: dict[str, Any], clean: str) -> None:
    """A run on a model that was trained further does not repeat what one said `before`.

    Args:
        clean: the rubric's line that loses all; "rows" loses half.
    """
    if before["result"] is None or repr(before["result"]) != repr(after["result"]):
        return
    says = "the same sentences get the same answer when the model has learned something else"
    help = "keep no answers from one call to the next: what the weights are now decides"
    mended(says, help, line="rows", share=0.5)
    raise Wrong(says, help, line=clean, share=1.0)
