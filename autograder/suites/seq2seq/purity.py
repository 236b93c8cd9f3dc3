"""What greedy decoding and beam search have in common: they leave everything as it was."""

from __future__ import annotations

from typing import Any

from autograder.checks.expect import expect


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
