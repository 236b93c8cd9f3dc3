"""What one call of train_step did, read from the report of its probe.

What came back with a known fault is put right, told and charged once, and judged as it is then.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from checks import closed
from checks.closed import counted, is_hidden, own
from checks.expect import Wrong, close, expect, kind, mended, priced
from checks.simulated_gpu.elsewhere import expect_at_home as told_at_home
from checks.verdicts import StudentFault, Verdict

from ..probed import Probed
from .merging import merged_calls, merged_rows

CRASH = (
    "use the model only through model.encoder(source, source_lengths) and "
    "model.decoder(previous, state), previous of shape (B,), and return the loss"
)
Gradients = dict[str, Tensor]
State = tuple[Tensor, Tensor]
GIVEN = {  # the probe's names of the weights that another name has in the model
    "encoder.embedding": "source_embedding",
    "decoder.embedding": "target_embedding",
}


@dataclass(frozen=True)
class Seen:
    """What one call of train_step did, as the toy translator and the optimizer saw it."""

    loss: float | None  # None: nothing that could be read; charged already
    target: Tensor  # (batch, T), as it was given
    gold: Tensor  # what each step is scored against, (steps, batch)
    encoder: dict[str, Any]
    inputs: Tensor  # of the decoder, (steps, batch)
    dtypes: set[torch.dtype]  # of these inputs
    logits: Tensor  # (steps, batch, vocabulary)
    decoder: list[dict[str, Any]]
    more: list[dict[str, Any]]  # a last call, if there is one for BOS or after EOS
    updates: list[Gradients]  # the gradients at each optimizer.step()
    left: Gradients  # the gradients after the call, if no update used any
    given: Gradients  # the weights before the call
    weights: Gradients  # and after it
    batch: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]
    earlier: Gradients  # those of the call before, if there was one
    whole: bool  # whether all steps were made

    @property
    def gradients(self) -> Gradients:
        """The gradients to judge: an update's, else those that no update used."""
        used = self.updates[-1] if self.updates else {}
        return used if any(bool(g.any()) for g in used.values()) or not self.left else self.left


def train(student: Probed, *, forced: bool = False, **inputs: Any) -> list[Seen]:
    """Run the probe `train` and read its reports.

    Args:
        forced: whether steps that read the model's own words may be asked with gold ones instead,
            if they crash: for what is not about these words.
    """
    try:
        reports = student.train(**inputs)
    except StudentFault as fault:
        reports = asked_again(student, inputs, forced, fault)
    steps, ids = inputs["steps"], inputs["ids"]
    good = isinstance(reports, list) and len(reports) == len(steps)
    expect(good, "what your train_step did could not be read")
    calls: list[Seen] = []
    given = inputs["weights"]
    for report, step in zip(reports, steps, strict=True):
        earlier = calls[-1].gradients if calls else {}
        calls.append(seen(report, step, ids, given, earlier))
        given = calls[-1].weights
    return calls


def asked_again(
    student: Probed, inputs: dict[str, Any], forced: bool, fault: StudentFault
) -> list[Any]:
    """The reports in a form of the question in which nothing crashes.

    Raises:
        StudentFault: it crashes in every form.
    """
    if fault.verdict is not Verdict.CRASHED:
        raise fault
    forms: list[tuple[dict[str, Any], Callable[[], None]]] = []
    if len(inputs["steps"]) > 1:
        forms.append(({"restored": True}, tell_unsettled))
    forms.append(({"cuda_is_cpu": True}, tell_no_gpu))
    if forced:
        gold = [{**step, "teacher_forcing_ratio": 1.0} for step in inputs["steps"]]
        forms.append(({"steps": gold}, lambda: None))  # the checks of these words tell it
    for form, tell in forms:
        try:
            reports: list[Any] = student.train(**{**inputs, **form})
        except StudentFault:
            continue
        tell()
        return reports
    raise fault


def tell_unsettled() -> None:
    """Of code that leaves a global setting changed, so that its next call crashes."""
    mended(
        "after train_step gradients stay switched off, or another global setting stays changed: in "
        "a second call the loss does not require grad, or your code raises another error",
        "leave global settings as they are: no torch.set_grad_enabled(False) and the like",
        line="clean",
        share=1.0,
    )


def tell_no_gpu() -> None:
    """Of code that runs nowhere but on a machine with a GPU."""
    rationale = "your code raised an error where there is no GPU, since it asks for one by name"
    for line in ("clean", "steps"):
        mended(
            rationale,
            'source.device is where the batch is: no .cuda() and no "cuda"',
            line=line,
            share=1.0 if line == "clean" else 0.8,
        )


def seen(
    report: Any, step: dict[str, Any], ids: dict[str, int], given: Gradients, earlier: Gradients
) -> Seen:
    """Check what came back of one call, and that there is a loss and T - 1 decoder calls."""
    if isinstance(report, dict):
        report = {**report, "decoder": unstacked(report.get("decoder"))}
    expect(readable(report, given), "what your train_step did could not be read")
    target = step["target"]
    B, T = target.shape
    loss = read_loss(report)
    updates = report["updates"]
    encoder, decoder = without_second_pass(report)
    if len(encoder) == B > 1 and (rows := merged_rows(encoder, decoder, target)) is not None:
        encoder, decoder = rows
        if len(updates) == B:
            updates = [{name: sum(u[name] for u in updates) / B for name in updates[0]}]
            mended(
                "model.encoder should be called once, for the whole batch: there is a pass, and an "
                "update, for each row",
                "one pass over the whole batch, one backward, one optimizer.step()",
                line="update",
                share=0.7,
            )
        else:
            mended(
                "model.encoder should be called once, for the whole batch: there is a pass for "
                "each row",
                "one pass over the whole batch: all rows at once",
                line="steps",
                share=0.2,
            )
    encoder = [one_pass(encoder, decoder)]
    calls = shaped(one_call_a_step(decoder, encoder[0], target), B)
    kept, offset = fitted(calls, target, ids)
    inputs = [call["previous"] for call in kept]
    logits = [call["logits"] for call in kept]
    steps = len(kept)
    names = ("left", "weights", "batch", "before", "after")
    rest = {name: report[name] for name in names}
    return Seen(
        loss=loss,
        target=target,
        gold=target.T[1 + offset : 1 + offset + steps],
        encoder=encoder[0],
        inputs=torch.stack(inputs).long(),
        dtypes={x.dtype for x in inputs},
        logits=torch.stack(logits),
        decoder=kept,
        more=calls[steps:],
        updates=updates,
        given={name: given.get(as_given(name, given), w) for name, w in rest["weights"].items()},
        earlier=earlier,
        whole=steps == T - 1,
        **rest,
    )


def readable(report: Any, given: Gradients) -> bool:
    """Whether a report is made of what the probe makes reports of."""
    kinds_ = {"encoder": list, "decoder": list, "updates": list, "reached": list, "left": dict}
    kinds_ |= {"weights": dict, "batch": dict, "before": dict, "after": dict}
    if not isinstance(report, dict):
        return False
    if not all(isinstance(report.get(name), kind_) for name, kind_ in kinds_.items()):
        return False
    sizes = sorted(tuple(weight.shape) for weight in given.values())
    return (
        all(holds(call, ("source", "lengths", "h", "c")) for call in report["encoder"])
        and all(
            holds(call, ("previous", "h", "c", "logits", "new_h", "new_c"))
            and isinstance(call.get("graph"), list)
            and [type(flag) for flag in call["graph"]] == [bool] * 3
            for call in report["decoder"]
        )
        and all(
            isinstance(pair, list | tuple) and [type(number) for number in pair] == [int, int]
            for pair in report["reached"]
        )
        and len(report["reached"]) == len(report["updates"])
        and all(
            isinstance(found, dict)
            and holds(found, tuple(found))
            and sorted(tuple(value.shape) for value in found.values()) == sizes
            and set(found) == set(report["weights"])
            for found in (
                report["weights"],
                *report["updates"],
                *([report["left"]] if report["left"] else []),
            )
        )
    )


def holds(values: Any, names: tuple[str, ...]) -> bool:
    """Whether these are tensors, by their names."""
    return isinstance(values, dict) and all(isinstance(values.get(n), Tensor) for n in names)


def as_given(name: str, given: Gradients) -> str:
    """The name in `given` of a weight of the model."""
    return name if name in given else GIVEN.get(name, name.partition(".")[2])


def without_second_pass(report: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Calls of encoder and decoder, without those after the last update."""
    encoder, decoder, reached = report["encoder"], report["decoder"], report["reached"]
    if not reached:
        return encoder, decoder
    encoders, decoders = reached[-1]
    after = len(encoder) > encoders or len(decoder) > decoders
    if not after or not encoders or not decoders:
        return encoder, decoder
    mended(
        "model.encoder should be called once, and the model was called again after the update",
        "one pass over the whole batch, and its loss is the one to return: also after the update",
        line="result",
        share=0.5,
    )
    return encoder[:encoders], decoder[:decoders]


def one_pass(encoder: list[Any], decoder: list[Any]) -> dict[str, Any]:
    """The encoder call whose state the decoder goes on from."""
    expect(len(encoder) > 0, "model.encoder should be called once, and was not called", CRASH)
    if len(encoder) > 1:
        mended(
            "model.encoder should be called once, and was called several times",
            "one pass over the whole batch: its state serves all steps",
            line="steps",
            share=0.2,
        )
    starts = decoder[0].get("h") if decoder else None
    used = [call for call in encoder if equal(call.get("h"), starts)]
    found: dict[str, Any] = (used or encoder)[-1]
    return found


def one_call_a_step(
    decoder: list[Any], encoder: dict[str, Any], target: Tensor
) -> list[dict[str, Any]]:
    """The decoder calls, one a step: rows are put together, and what is asked twice counts once."""
    B, T = target.shape
    often = "model.decoder is called more often than once for each token after BOS"
    help = counts(T, len(decoder)) + "one decoder call for each step, for the whole batch at once"
    if B > 1 and (rows := merged_calls(decoder, encoder, target)) is not None:
        mended(often, help, line="steps", share=0.2)
        return rows
    if len(decoder) <= T:
        return decoder
    names = ("previous", "h", "c")
    each = len(decoder) // (T - 1)  # so often a step, if every step is asked as often
    groups = [decoder[i : i + each] for i in range(0, len(decoder), each)]
    alike = all(
        equal(call[name], group[0][name]) for group in groups for call in group for name in names
    )
    once = [
        call
        for call, following in zip(decoder, [*decoder[1:], {}], strict=True)
        if not all(equal(call[name], following.get(name)) for name in names)
    ]
    if len(groups) == T - 1 and alike:
        once = [group[-1] for group in groups]
    expect(len(once) in (T - 1, T), often, help)
    mended(often, help, line="steps", share=0.2)
    return once


def shaped(calls: list[dict[str, Any]], B: int) -> list[dict[str, Any]]:
    """The decoder calls with inputs of shape (B,)."""
    logits = [call.get("logits") for call in calls]
    inputs = [call.get("previous") for call in calls]
    good = all(
        isinstance(x, Tensor) and x.numel() == B and not x.is_floating_point() for x in inputs
    ) and all(
        isinstance(x, Tensor) and isinstance(logits[0], Tensor) and x.shape == logits[0].shape
        for x in logits
    )
    expect(
        good and all(isinstance(x, Tensor) and x.ndim == 2 for x in logits),
        "every decoder call should take the whole batch: previous of shape (B,)",
        CRASH,
    )
    odd = [x for x in inputs if isinstance(x, Tensor) and x.shape != (B,)]
    if odd and B == 1:
        mended(
            f"for a batch of one row, previous has not the shape (1,): it has "
            f"{closed.shape(odd[0].shape, (1,))}",
            "squeeze() without dim drops the batch dimension of a single row: name the dimension",
            line="ratio",
            share=0.18,
        )
    elif odd:
        mended(
            f"previous should have the shape (B,), and has {closed.dimensions(odd[0].ndim)}"
            + (": one column" if odd[0].shape == (B, 1) else ""),
            "the next input is logits.argmax(dim=1), of shape (B,): topk(1) keeps a dimension",
            line="ratio",
            share=0.68,
        )
    return [
        {**call, "previous": x.reshape(B)} if isinstance(x, Tensor) else call
        for call, x in zip(calls, inputs, strict=True)
    ]


def fitted(
    calls: list[dict[str, Any]], target: Tensor, ids: dict[str, int]
) -> tuple[list[dict[str, Any]], int]:
    """The calls of the steps that were made, and how many steps at the beginning were left out."""
    T, n = target.shape[1], len(calls)
    if n >= T - 1:  # a last call that scores nothing does no harm
        return calls[: T - 1], 0
    often = "model.decoder is not called for each token after BOS: some steps are left out"
    why = counts(T, n) + why_miscounted(calls, ids["eos_id"])
    lengths = (target != ids["pad_id"]).sum(1) - 1  # of the rows: some stop where one ends
    ends = n == 1 and (n in lengths.tolist() or says_eos(calls[-1], ids["eos_id"]))
    expect(n > 1 or ends, often, why)
    late = T > 2 and torch.equal(calls[0]["previous"], target[:, 1])
    late = late and not torch.equal(target[:, 0], target[:, 1])
    mended(often, why, line="steps", share=0.72)
    return calls, 1 if late else 0


def counts(T: int, n: int) -> str:
    """How often the decoder should be called, and was."""
    return (
        f"for a target of {own(T)} columns it should be called {own(T - 1)} times, once for each "
        f"token after BOS, and was called {counted(n, 'times', 0, 1, T - 2, T, 2 * T - 2)}; "
    )


def unstacked(calls: Any) -> Any:
    """Calls that came as one, one by one again."""
    if not isinstance(calls, dict):
        return calls
    columns = [list(c.unbind()) if isinstance(c, Tensor) and c.ndim else c for c in calls.values()]
    if not all(isinstance(column, list) for column in columns):
        return None
    return [dict(zip(calls, row, strict=True)) for row in zip(*columns, strict=False)]


def says_eos(call: dict[str, Any], eos_id: int) -> bool:
    """Whether a row's favourite is EOS."""
    logits = call.get("logits")
    if not isinstance(logits, Tensor) or logits.ndim != 2:
        return False
    return bool((logits.argmax(1) == eos_id).any())


def why_miscounted(decoder: list[Any], eos_id: int) -> str:
    """The likely cause of too few decoder calls."""
    if decoder and says_eos(decoder[-1], eos_id):
        return (
            "does the loop end where EOS is predicted? In training nothing special happens there: "
            "all T - 1 steps are scored"
        )
    return (
        "the loop runs over target's columns, range(1, target.shape[1]), its last one too: not "
        "over the source's, and not to the end of one row"
    )


def read_loss(report: dict[str, Any]) -> float | None:
    """The loss as a float, a 0-d tensor without graph is as good; None if there is none."""
    loss = report.get("loss")
    if isinstance(loss, Tensor) and report.get("has_graph") is not False:
        mended(
            "the loss comes back as a tensor that still holds the graph of the whole batch",
            "return loss.item(): a running sum of such tensors keeps every batch's graph alive",
            line="result",
            share=0.6,
        )
        loss = loss.item() if loss.numel() == 1 else loss
    elif isinstance(loss, Tensor) and loss.ndim == 0 and not loss.is_complex():
        loss = loss.item()
    if type(loss) not in (float, int):
        value = number_in(loss)
        mended(
            f"train_step should return the loss as a float, and returned {kind(loss)}",
            "return loss.item()",
            line="result",
            share=1.0 if value is None else 0.7,
        )
        if value is None:
            return None
        loss = value
    value = float(loss)  # type: ignore[arg-type]  # it is a number here
    if not math.isfinite(value):
        used = [slope for update in report["updates"] for slope in update.values()]
        sound = all(bool(slope.isfinite().all()) for slope in used)
        if not sound or not any(bool(slope.any()) for slope in used):
            return None  # it is what is trained on, a matter of the loss
        mended("the loss is not a finite number", CRASH, line="result", share=1.0)
        return None
    return value


def number_in(value: Any) -> float | None:
    """The number that a value of another kind stands for, None if there is none."""
    if isinstance(value, dict):
        return number_in(list(value.values()))
    if isinstance(value, list | tuple):
        found = [number for one in value if (number := number_in(one)) is not None]
        return found[0] if found else None
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex():
        return float(value.item())
    if type(value) in (int, float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


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
        if not equal(call.batch.get(name), step[name]):
            mended(
                f"{name} is changed by a training step",
                "do not overwrite the caller's tensors: clone before you write",
                line="clean",
                share=1.0,
            )


def equal(value: Any, tensor: Any) -> bool:
    """Whether two values are equal tensors."""
    return isinstance(value, Tensor) and isinstance(tensor, Tensor) and torch.equal(value, tensor)


def expect_train_mode(call: Seen) -> None:
    """Encoder and decoder run in train mode."""
    flags = [part.get("training") for part in (call.encoder, *call.decoder)]
    if not any(flag is True for flag in flags):
        raise Wrong(
            "a model in eval mode is trained without being set to train mode",
            "call model.train() first: dropout is off in eval mode",
            line="clean",
            share=0.85,
        )
    expect(
        all(flag is True for flag in flags),
        "a part of the step runs in eval mode: the model is not set to train mode as a whole, "
        "without being set to train mode before encoder and decoder run",
        "call model.train() at the start of train_step, and model.eval() nowhere in it",
        line="clean",
        share=0.65,
    )


def expect_at_home(report: Any, record: Callable[[str, object], None] | None = None) -> None:
    """Raise `Wrong` for a mistake with devices, all of which break the same line."""
    with priced("clean", 0.7):
        told_at_home(report, "train_step", record)


# ------------------------------------------------------------------------------------ the update


def expect_one_update(calls: Sequence[Seen]) -> None:
    """Every call makes exactly one optimizer step, with gradients to work with."""
    made = [len(call.updates) for call in calls]
    if not any(made):
        moved = any(
            not torch.equal(w, call.given[name])
            for call in calls
            for name, w in call.weights.items()
        )
        mended(
            "one call made 0 updates and should make one",
            "step the optimizer that train_step is given, in every call, whatever the loss or the "
            "norm",
            line="update",
            share=0.77 if moved else 1.0,
        )
    elif not all(made):
        mended(
            "one call made 0 updates and should make one: others made theirs",
            "step the optimizer that train_step is given, in every call, whatever the loss or the "
            "norm",
            line="update",
            share=0.43,
        )
    if any(n > 1 for n in made):
        alike = all(
            equal(flattened(update), flattened(call.updates[0]))
            for call in calls
            for update in call.updates[1:]
        )
        mended(
            f"one call made {counted(max(made), 'updates', 2, 3)} and should make one",
            "backward and optimizer.step() come once, after the loop over steps",
            line="update",
            share=0.6 if alike else 0.85,
        )
    for call in calls:
        if any(call.updates) and not any(bool(flattened(u).any()) for u in call.updates):
            mended(
                "at optimizer.step() all gradients are zero",
                "zero_grad, backward, clip, step: in this order",
                line="update",
                share=1.0,
            )


def has_gradients(call: Seen) -> bool:
    """Whether any gradient was there, at the update or after the call.

    Raises:
        Wrong: there was none, and no update either, which costs the whole line.
    """
    gradients = call.gradients
    return bool(gradients) and bool(flattened(gradients).any())


def expect_gradients(call: Seen) -> None:
    """There are gradients, in the encoder too."""
    if not has_gradients(call):
        none = "" if call.updates else "one call made 0 updates and should make one, and "
        raise Wrong(
            f"{none}all gradients are zero",
            "zero_grad, backward, clip, step: in this order",
            line="update",
            share=1.0,
        )
    expect_graph(call)


def expect_graph(call: Seen) -> None:
    """The loss is tied to the encoder and to every step: nothing is cut off from backward."""
    graphs = [step["graph"] for step in call.decoder]
    h, c, logits = (list(column) for column in zip(*graphs, strict=True))
    cut = not bool(flattened(call.gradients, "encoder").any())
    if cut or not h[0] or not c[0]:
        both = cut or not (h[0] or c[0])
        mended(
            "no gradient arrives at the encoder"
            if both
            else f"no gradient arrives at the encoder by way of {'c' if h[0] else 'h'}",
            "the state is handed to the decoder with its graph: no detach(), no torch.no_grad()",
            line="steps",
            share=1.0 if both else 0.6,
        )
    if not all(logits):
        mended(
            "some steps are made without gradient",
            "only the argmax carries no gradient: no torch.no_grad() or .detach() around the "
            "decoder or its state where it reads its own words",
            line="steps",
            share=0.6,
        )
    later = [
        here and there for here, there, before in zip(h[1:], c[1:], logits, strict=False) if before
    ]
    if not all(later):
        mended(
            "the gradients are not those of the loss: the state is cut off from the step before",
            "one backward from the mean over tokens, through all steps: no .detach() or .item() "
            "on states or logits",
            line="steps",
            share=0.7,
        )


def expect_fresh_gradients(first: Seen, second: Seen) -> bool:
    """Two calls with one batch and the same weights have the same gradients."""
    once, twice = (flattened(call.gradients) for call in (first, second))
    if close(once, twice, atol=1e-4 * max(1.0, once.norm().item())):
        return True
    if not torch.equal(first.logits, second.logits):
        return False  # chance, or something else that was kept: another check's matter
    half = any(
        close(flattened(first.gradients, part), flattened(second.gradients, part), atol=1e-4)
        for part in ("encoder", "decoder")
    )
    added = ((twice - once).abs() < 1e-3) | ((twice - 2 * once).abs() < 1e-3)
    mended(
        "a second call on the same batch and weights has other gradients than the first"
        + (": those of the first are added to them" if bool(added.all()) else ""),
        "gradients accumulate until optimizer.zero_grad(): call it once in every call, before "
        "backward or after step",
        line="update",
        share=0.6 if half else 0.73,
    )
    return False


def expect_clipped(raw: Gradients, clipped: Gradients, clip: float) -> None:
    """Compare clipped gradients with the raw ones scaled to `clip`, and name a known other clip."""
    before, after = flattened(raw), flattened(clipped)
    norm = before.norm().item()

    def near(wanted: Tensor, tolerance: float = 1e-4) -> bool:
        return close(after, wanted, atol=tolerance * norm, rtol=10 * tolerance)

    if (after - before * clip / norm).norm().item() < 2e-3 * clip:
        return
    times = after.norm().item() / clip
    seen = f"their global norm is {times:.2g} times clip"
    if is_hidden():
        seen = f"their global norm is {'more' if times > 1 else 'less'} than clip"
    expect(
        abs(after.norm().item() - 1.0) > 1e-3,
        f"the gradients are clipped to 1, whatever clip is: {seen}",
        "use the argument clip",
        share=0.35,
    )
    expect(
        not near(before, 1e-5),
        f"the gradients are not clipped when optimizer.step() uses them: {seen}",
        "clip_grad_norm_(model.parameters(), clip), with the argument clip, comes between backward "
        "and step: after step it is too late, before backward too early",
        share=0.57,
    )
    expect(
        not near(before.clamp(-clip, clip), 1e-6),
        f"the gradients are clipped by value, not by norm: {seen}",
        "clip_grad_norm_, not clip_grad_value_",
        share=0.5,
    )
    for part in ("encoder", "decoder"):
        same = torch.equal(flattened(clipped, part), flattened(raw, part))
        expect(
            not (same and bool(flattened(raw, part).any())),
            f"the {part}'s gradients are not clipped: {seen}",
            "clip_grad_norm_(model.parameters(), clip): all parameters of the model together",
            share=0.35,
        )
    parallel = torch.cosine_similarity(before, after, dim=0).item() > 0.9999
    apart = all(
        abs(flattened(clipped, part).norm().item() - clip) < 2e-3 * clip
        for part in ("encoder", "decoder")
    )
    help = (
        "one clip_grad_norm_(model.parameters(), clip) for all parameters together: not for each "
        "parameter, not encoder and decoder apart"
    )
    if parallel:
        raise Wrong(
            f"the gradients are clipped to another norm than clip: {seen}",
            "the global L2 norm, of the mean loss's gradient, is clipped to clip, once",
            share=0.43,
        )
    scaled = all(
        parallel_to(clipped[name], raw[name]) for name in raw if bool(raw[name].any())
    )  # each by a factor of its own
    raise Wrong(
        f"clipping changes the direction of the gradient: {seen}",
        help,
        share=0.25 if apart else 0.43 if scaled else 0.57,
    )


def expect_default_clip(raw: Gradients, default: Gradients) -> None:
    """Compare the gradients of a call without clip with the raw ones clipped to the norm 1."""
    norm = flattened(raw).norm().item()
    expect(
        close(flattened(default), flattened(raw) * min(1.0, 1.0 / norm), atol=1e-4, rtol=1e-3),
        "without the argument clip the gradients are not clipped to the norm 1",
        "keep the defaults of the contract: teacher_forcing_ratio=1.0, clip=1.0",
        line="update",
        share=0.14,
    )


def parallel_to(one: Tensor, other: Tensor, least: float = 0.9999) -> bool:
    """Whether two tensors point the same way."""
    a, b = one.flatten().double(), other.flatten().double()
    sizes = a.norm() * b.norm()
    return bool(sizes > 0) and bool(a @ b >= least * sizes)


# ------------------------------------------------------------------------------------- the state


def starts() -> dict[str, tuple[Callable[[Tensor, Tensor], State], str, str, float]]:
    """Ways to hand on the encoder's state: name, what is said of it, help, and its price."""
    pair = "the encoder returns outputs, (h, c): pass the pair on as it is"
    rest = (
        "pass (h, c) of all layers on unchanged: no zeros, no top layer alone, no h in place of c"
    )
    other = "the decoder does not start from the encoder's state"
    swapped = "h and c are swapped between encoder and decoder"
    zero = torch.zeros_like
    return {
        "whole": (lambda h, c: (h, c), "", "", 0.0),
        "swapped": (lambda h, c: (c, h), swapped, pair, 0.7),
        "h twice": (lambda h, c: (h, h), f"{other}: h stands for c too", rest, 0.66),
        "c twice": (lambda h, c: (c, c), f"{other}: c stands for h too", rest, 0.66),
        "no c": (lambda h, c: (h, zero(c)), f"{other}: c is zero", rest, 0.65),
        "no h": (lambda h, c: (zero(h), c), f"{other}: h is zero", rest, 0.65),
        "zero": (lambda h, c: (zero(h), zero(c)), f"{other}: it is zero", rest, 1.0),
        "top": (lambda h, c: (like(h, -1), like(c, -1)), f"{other} of all layers", rest, 0.5),
        "bottom": (lambda h, c: (like(h, 0), like(c, 0)), f"{other} of all layers", rest, 0.5),
        "top, zero": (
            lambda h, c: (alone(h, -1), alone(c, -1)),
            f"{other} of all layers",
            rest,
            0.5,
        ),
        "bottom, zero": (
            lambda h, c: (alone(h, 0), alone(c, 0)),
            f"{other} of all layers",
            rest,
            0.5,
        ),
        "flipped": (
            lambda h, c: (h.flip(0), c.flip(0)),
            f"{other}: layers change place",
            rest,
            0.5,
        ),
    }


def like(state: Tensor, layer: int) -> Tensor:
    """One layer's state in place of every layer's."""
    return state[layer].expand_as(state)


def alone(state: Tensor, layer: int) -> Tensor:
    """One layer's state; that of the others is zero."""
    only = torch.zeros_like(state)
    only[layer] = 1.0
    return state * only


ADVANCES: dict[str, tuple[tuple[bool, bool], str, float]] = {  # which of h, c move on
    "both": ((True, True), "", 0.0),
    "h": ((True, False), "a step does not go on from the c that the step before returned", 0.72),
    "c": ((False, True), "a step does not go on from the h that the step before returned", 0.72),
    "none": (
        (False, False),
        "the decoder's state never advances: every step starts from the encoder's state",
        1.0,
    ),
}


def start_of(call: Seen) -> str | None:
    """How the encoder's state was handed on, None if in no known way."""
    h, c = call.encoder.get("h"), call.encoder.get("c")
    first = call.decoder[0]
    if not isinstance(h, Tensor) or not isinstance(c, Tensor):
        return None
    for name, (start, *_) in starts().items():
        wanted = start(h, c)
        if all(equal(first.get(n), w) for n, w in zip(("h", "c"), wanted, strict=True)):
            return name
    return None


def advance_of(call: Seen) -> str | None:
    """How the state went on from step to step, None if in no known way."""
    pairs = list(zip(call.decoder, call.decoder[1:], strict=False))
    for name, (moves, *_) in ADVANCES.items():
        if all(
            equal(now.get(n), last.get(f"new_{n}" if moving else n))
            for last, now in pairs
            for n, moving in zip(("h", "c"), moves, strict=True)
        ):
            return name
    return None


def expect_handed_on(call: Seen) -> None:
    """Follow the state from the encoder through all decoder calls."""
    start, advance = start_of(call), advance_of(call)
    if start is None:
        mended(
            "the decoder does not start from the encoder's state",
            "pass (h, c) of all layers on unchanged: no zeros, no top layer alone, no h in place "
            "of c",
            line="steps",
            share=0.8,
        )
    elif start != "whole":
        _, said, help, share = starts()[start]
        mended(said, help, line="steps", share=share)
    if advance is None:
        mended(
            "a step does not go on from the state the step before returned",
            "logits, state = model.decoder(previous, state), with nothing done to state",
            line="steps",
            share=0.8,
        )
    elif advance != "both":
        _, said, share = ADVANCES[advance]
        mended(
            said,
            "logits, state = model.decoder(previous, state): keep the state that comes back",
            line="steps",
            share=share,
        )
