"""What one call of train_step did, read from the report of its probe."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from checks.expect import Wrong, close, expect, kind

from ..probed import Probed

CRASH = (
    "use the model only through model.encoder(source, source_lengths) and "
    "model.decoder(previous, state), previous of shape (B,), and return the loss"
)
Gradients = dict[str, Tensor]


@dataclass(frozen=True)
class Seen:
    """What one call of train_step did, as the toy translator and the optimizer saw it."""

    loss: float
    encoder: list[dict[str, Any]]
    inputs: Tensor  # of the decoder, (steps, batch)
    dtypes: set[torch.dtype]  # of these inputs
    logits: Tensor  # (steps, batch, vocabulary)
    decoder: list[dict[str, Any]]
    updates: list[Gradients]  # the gradients at each optimizer.step()
    weights: Gradients  # after the call
    batch: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]


def train(student: Probed, **inputs: Any) -> list[Seen]:
    """Run the probe `train` and read its reports."""
    reports = student.train(**inputs)
    steps, eos_id = inputs["steps"], inputs["ids"]["eos_id"]
    good = isinstance(reports, list) and len(reports) == len(steps)
    expect(good, "what your train_step did could not be read")
    return [seen(report, step, eos_id) for report, step in zip(reports, steps, strict=True)]


def seen(report: Any, step: dict[str, Any], eos_id: int) -> Seen:
    """Check what came back of one call, and that there is a loss and T - 1 decoder calls."""
    if isinstance(report, dict):
        report = {**report, "decoder": unstacked(report.get("decoder"))}
    good = isinstance(report, dict) and all(
        isinstance(report.get(name), kind_)
        for name, kind_ in (
            ("encoder", list),
            ("decoder", list),
            ("updates", list),
            ("weights", dict),
            ("batch", dict),
            ("before", dict),
            ("after", dict),
        )
    )
    expect(good, "what your train_step did could not be read")
    B, T = step["target"].shape
    loss = read_loss(report)
    encoder, decoder = report["encoder"], report["decoder"]
    expect(
        len(encoder) == 1 and isinstance(encoder[0], dict),
        f"model.encoder should be called once, and was called {len(encoder)} times",
        "one pass over the whole batch, and its loss is the one to return: also after the update"
        if encoder
        else CRASH,
    )
    expect(
        len(decoder) in (T - 1, T),  # a last call that scores nothing does no harm
        f"for a target of {T} columns model.decoder should be called {T - 1} times, once for "
        f"each token after BOS; it was called {len(decoder)} times",
        why_miscounted(decoder, T, eos_id),
    )
    calls = decoder[: T - 1]
    inputs: list[Any] = [call.get("previous") for call in calls if isinstance(call, dict)]
    logits: list[Any] = [call.get("logits") for call in calls if isinstance(call, dict)]
    good = all(isinstance(x, Tensor) and x.shape == (B,) for x in inputs) and all(
        isinstance(x, Tensor) and x.ndim == 2 and x.shape == logits[0].shape for x in logits
    )
    expect(
        good and len(inputs) == T - 1,
        "every decoder call should take the whole batch: previous of shape (B,)",
        CRASH,
    )
    names = ("updates", "weights", "batch", "before", "after")
    rest = [report[name] for name in names]
    dtypes = {x.dtype for x in inputs}
    return Seen(loss, encoder, torch.stack(inputs), dtypes, torch.stack(logits), calls, *rest)


def unstacked(calls: Any) -> Any:
    """Calls that came as one, one by one again."""
    if not isinstance(calls, dict):
        return calls
    columns = [list(c.unbind()) if isinstance(c, Tensor) and c.ndim else c for c in calls.values()]
    if not all(isinstance(column, list) for column in columns):
        return None
    return [dict(zip(calls, row, strict=True)) for row in zip(*columns, strict=False)]


def why_miscounted(decoder: list[Any], T: int, eos_id: int) -> str:
    """The likely cause of too few or too many decoder calls."""
    if len(decoder) > T:
        return "one decoder call a step, for the whole batch at once"
    last = decoder[-1].get("logits") if decoder and isinstance(decoder[-1], dict) else None
    if isinstance(last, Tensor) and last.ndim == 2 and bool((last.argmax(1) == eos_id).any()):
        return (
            "does the loop end where EOS is predicted? In training nothing special happens there: "
            "all T - 1 steps are scored"
        )
    return (
        "the loop runs over target's columns, range(1, target.shape[1]), its last one too: not "
        "over the source's, and not to the end of one row"
    )


def read_loss(report: dict[str, Any]) -> float:
    """The loss as a float; a 0-d tensor without graph is as good."""
    loss = report.get("loss")
    if isinstance(loss, Tensor) and loss.ndim == 0:
        expect(
            report.get("has_graph") is False,
            "the loss comes back as a tensor that still holds the graph of the whole batch",
            "return loss.item(): a running sum of such tensors keeps every batch's graph alive",
        )
        loss = loss.item()
    expect(
        type(loss) in (float, int),
        f"train_step should return the loss as a float, and returned {kind(loss)}",
        "return loss.item()",
    )
    value = float(loss)  # type: ignore[arg-type]  # `expect` has just made sure
    expect(math.isfinite(value), "the loss is not a finite number", CRASH)
    return value


def predictions(call: Seen) -> Tensor:
    """The argmax of every step: (steps, batch)."""
    return call.logits.argmax(2)


def flattened(gradients: Gradients, part: str = "") -> Tensor:
    """The gradients of all parameters whose name begins with `part`, as one vector."""
    chosen = [g for name, g in gradients.items() if name.startswith(part)]
    good = bool(chosen) and all(isinstance(g, Tensor) for g in chosen)
    expect(good, "the gradients of your train_step could not be read")
    return torch.cat([g.flatten() for g in chosen])


def expect_batch_unchanged(call: Seen, step: dict[str, Any]) -> None:
    """Compare the batch's tensors after the call with those it was given."""
    for name in ("source", "source_lengths", "target"):
        left = call.batch.get(name)
        expect(
            isinstance(left, Tensor) and torch.equal(left, step[name]),
            f"{name} is changed by a training step",
            "the caller's tensors are not yours to overwrite: clone before you write",
        )


def expect_clipped(raw: Gradients, clipped: Gradients, clip: float) -> None:
    """Compare clipped gradients with the raw ones scaled to `clip`, and name a known other clip."""
    before, after = flattened(raw), flattened(clipped)
    norm = before.norm().item()

    def near(wanted: Tensor, tolerance: float = 1e-4) -> bool:
        return close(after, wanted, atol=tolerance * norm, rtol=10 * tolerance)

    if (after - before * clip / norm).norm().item() < 2e-3 * clip:
        return
    seen = f"their global norm is {after.norm().item() / clip:.2g} times clip"
    expect(
        abs(after.norm().item() - 1.0) > 1e-3,
        f"the gradients are clipped to 1, whatever clip is: {seen}",
        "use the argument clip",
    )
    expect(
        not near(before, 1e-5),
        f"the gradients are not clipped when optimizer.step() uses them: {seen}",
        "clip_grad_norm_(model.parameters(), clip), with the argument clip, comes between backward "
        "and step: after step it is too late, before backward too early",
    )
    expect(
        not near(before.clamp(-clip, clip), 1e-6),
        f"the gradients are clipped by value, not by norm: {seen}",
        "clip_grad_norm_, not clip_grad_value_",
    )
    for part in ("encoder", "decoder"):
        same = torch.equal(flattened(clipped, part), flattened(raw, part))
        expect(
            not (same and bool(flattened(raw, part).any())),
            f"the {part}'s gradients are not clipped: {seen}",
            "clip_grad_norm_(model.parameters(), clip): all parameters of the model together",
        )
    parallel = torch.cosine_similarity(before, after, dim=0).item() > 0.9999
    raise Wrong(
        f"the gradients are clipped to another norm than clip: {seen}"
        if parallel
        else f"clipping changes the direction of the gradient: {seen}",
        "the global L2 norm, of the mean loss's gradient, is clipped to clip, once"
        if parallel
        else "one clip_grad_norm_(model.parameters(), clip) for all parameters together: not for "
        "each parameter, not encoder and decoder apart",
    )


def expect_one_update(calls: list[Seen]) -> None:
    """Every call makes exactly one optimizer step."""
    for call in calls:
        expect(
            len(call.updates) == 1,
            f"one call made {len(call.updates)} updates and should make one",
            "backward and optimizer.step() come once, after the loop over steps"
            if call.updates
            else "step the optimizer that train_step is given, in every call, whatever the loss or "
            "the norm",
        )


def expect_gradients(call: Seen) -> None:
    """The update has gradients to work with, in the encoder too."""
    gradients = call.updates[0]
    expect(
        bool(flattened(gradients).any()),
        "at optimizer.step() all gradients are zero",
        "zero_grad, backward, clip, step: in this order",
    )
    expect(
        bool(flattened(gradients, "encoder").any()),
        "no gradient arrives at the encoder",
        "the state is handed to the decoder with its graph: no detach(), no torch.no_grad()",
        guess=True,
    )


def expect_fresh_gradients(first: Seen, second: Seen) -> None:
    """Two calls with one batch and the same weights have the same gradients."""
    once, twice = (flattened(call.updates[0]) for call in (first, second))
    if close(once, twice, atol=1e-4):
        return
    added = ((twice - once).abs() < 1e-3) | ((twice - 2 * once).abs() < 1e-3)
    rationale = "a second call on the same batch and weights has other gradients than the first"
    expect(
        not bool(added.all()),
        f"{rationale}: those of the first are added to them",
        "gradients accumulate until optimizer.zero_grad(): call it once for every backward",
    )
    raise Wrong(rationale, "nothing of a call is kept: no gradient, no state, no loss", guess=True)


def expect_handed_on(call: Seen) -> None:
    """Follow the state from the encoder through all decoder calls."""
    old = call.encoder[0]
    first = call.decoder[0]
    expect(
        not (equal(first.get("h"), old.get("c")) and equal(first.get("c"), old.get("h"))),
        "h and c are swapped between encoder and decoder",
        "the encoder returns outputs, (h, c): hand the pair on as it is",
    )
    expect(
        equal(first.get("h"), old.get("h")) and equal(first.get("c"), old.get("c")),
        "the decoder does not start from the encoder's state",
        "hand (h, c) of all layers on unchanged: no zeros, no top layer alone, no h in place of c",
    )
    for step, (last, call_now) in enumerate(zip(call.decoder, call.decoder[1:], strict=False)):
        goes_on = all(equal(call_now.get(n), last.get(f"new_{n}")) for n in ("h", "c"))
        stays = step == 0 and all(equal(call_now.get(n), last.get(n)) for n in ("h", "c"))
        expect(
            not stays,
            "the decoder's state never advances: every step starts from the encoder's state",
            "logits, state = model.decoder(previous, state): keep the state that comes back",
        )
        expect(
            goes_on,
            "a step does not go on from the state the step before returned",
            "logits, state = model.decoder(previous, state), with nothing done to state",
        )


def equal(value: Any, tensor: Any) -> bool:
    """Whether two values are equal tensors."""
    return isinstance(value, Tensor) and isinstance(tensor, Tensor) and torch.equal(value, tensor)
