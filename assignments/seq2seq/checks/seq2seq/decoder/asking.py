"""Asks a decoder in the form that it needs, and judges the rest as if it needed none.

On the way of a decoder that does as the contract says nothing is asked twice. Where one crashes,
returns nothing, or answers by chance, it is asked again in another form; what that costs is told
and charged once, and whatever else a check looks at is looked at all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor

from checks.expect import Wrong, close, meeting, mended
from checks.student import Student
from checks.verdicts import StudentFault, Verdict

from ..probed import Probed
from .forms import CRASH, ONE_ROW, Slip, as_scores, take_apart

UNREGISTERED = (
    "make layers in __init__ and keep them on self (several in an nn.ModuleList), own weights as "
    "nn.Parameter: what is not registered is not trained"
)
CHANCE = "F.dropout needs training=self.training, and layers are made in __init__, not in forward"
BY_CHANCE = "asked the same twice in eval mode, your decoder answers differently, by chance"
MISSING = {  # what every decoder learns, by the role that tells it
    "embedding": "an embedding (vocab_size, embedding_dim) is not among your decoder's parameters",
    "lstm": "an LSTM is not among your decoder's parameters",
    "output": "an output layer is not among your decoder's parameters",
    "bias": "the output layer's bias is not among your decoder's parameters",
}
AGAIN = {  # by form: what is wrong where only that form works, tried in this order
    "column": Slip("your decoder wants previous as (B, 1): it is (B,)", CRASH, "input", 0.4),
    "doubled": Slip(
        "your decoder crashes on a batch of one sentence",
        "squeeze() without a dimension also drops a batch of one: write squeeze(1)",
        "clean",
        0.5,
    ),
    "below": Slip("your decoder crashes on the last word, id vocab_size - 1", CRASH, "input", 0.6),
    "rows": Slip("your decoder works for one sentence at a time only", CRASH, "state_in", 1.0),
}
OVERWRITTEN = Slip(
    "previous, h or c is changed by a decoder step",
    "make new tensors: `h += ...`, `h[0] = ...` and methods ending in _ overwrite the caller's "
    "state, which beam search needs again",
    "clean",
    0.65,
)
ONE_LAYER = Slip(
    "your decoder crashes where num_layers is more than one, and works with one layer's state",
    CRASH,
    "state_in",
    0.83,
)
LAST_ROW = Slip("logits should have a row for each sentence, got one row", ONE_ROW, "logits", 0.88)
RETURNS_NONE = "forward should return logits, (h, c); it returned None (is a `return` missing?)"
ASKED = ("decode", "decoder_gradients", "decoder_on")


def tell(slip: Slip) -> None:
    """Take down a mistake that was put right."""
    mended(slip.says, slip.help, line=slip.line, share=slip.share)


def known(slip: Slip) -> Wrong:
    """A mistake that explains all that a check was answered."""
    return Wrong(slip.says, slip.help, line=slip.line, share=slip.share)


class Asking:
    """Runs probes as `Student` does, in the form that a decoder was found to need."""

    def __init__(self, student: Student) -> None:
        self._student = student
        self.forms: list[str] = []
        self._told: dict[str, Any] = {}  # what was asked of it first in eval mode
        self._parts: set[str] = set()

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """What a probe says."""
        if probe not in ASKED:
            return self._ask(probe, inputs)
        if probe == "decode" and inputs.get("training", False) is False and not self._told:
            self._told = inputs
        try:
            report = self._ask(probe, inputs)
        except StudentFault as error:
            if error.verdict is not Verdict.CRASHED:
                raise
            return self._crashed(probe, inputs, error)
        if probe != "decode" or not isinstance(report, dict):
            return report
        report = self._where_it_belongs(inputs, report)
        return self._more_than_nothing(inputs, report)

    def _ask(self, probe: str, inputs: dict[str, Any], *more: str) -> Any:
        forms = [*self.forms, *more]
        asked = {**inputs, "forms": forms} if forms and probe in ASKED else inputs
        return getattr(self._student, probe)(**asked)

    def _crashed(self, probe: str, inputs: dict[str, Any], error: StudentFault) -> Any:
        """Try other forms after a crash."""
        if probe == "decode" and any(len(call) == 1 for call in inputs["calls"]):
            raise error  # it may be the form of the state that came back, which is handed on
        if probe != "decode":
            call = (inputs["previous"], inputs["h"], inputs["c"])
            before = list(self.forms)
            report = self.call("decode", decode_inputs(inputs, [call]))
            if self.forms != before:
                return self.call(probe, inputs)
            left = report.get("calls") if isinstance(report, dict) else None
            if isinstance(left, list) and left and not unchanged(left[0], call):
                raise known(OVERWRITTEN)  # no gradient can pass
            raise error  # a step by itself works
        words = [one[0] for one in inputs["calls"]]
        last = inputs["config"]["vocab_size"] - 1
        sensible = {
            "column": True,
            "doubled": any(len(previous) == 1 for previous in words),
            "below": any(bool((previous == last).any()) for previous in words),
            "rows": any(len(previous) > 1 for previous in words),
        }
        for form, slip in AGAIN.items():
            if form in self.forms or not sensible[form]:
                continue
            try:
                report = self._ask(probe, inputs, form)
                readable(report, inputs)
            except (StudentFault, Wrong):
                continue
            self.forms.append(form)
            tell(slip)
            return report
        config = inputs["config"]
        if config["num_layers"] > 1:
            previous, *state = inputs["calls"][0]
            alone = (previous, *(part[:1] for part in state))
            try:
                report = self._ask("decode", decode_inputs(inputs, [alone]))
                readable(report, {"calls": [alone], "config": {**config, "num_layers": 1}})
            except (StudentFault, Wrong):
                raise error from None
            raise known(ONE_LAYER)
        raise error

    def _where_it_belongs(self, inputs: dict[str, Any], report: dict[str, Any]) -> Any:
        """Have weights registered that are kept elsewhere."""
        told = report.get("astray")
        roles = [role for role in MISSING if isinstance(told, list) and role in told]
        if not roles or "registered" in self.forms:
            return report
        self.forms.append("registered")
        for role in roles:
            of_all = role != "bias" or len(roles) > 1
            tell(Slip(MISSING[role], UNREGISTERED, "learning", 1.0 if of_all else 0.45))
            if of_all:  # model.to() does not move it, state_dict() does not hold it
                tell(Slip(MISSING[role], UNREGISTERED, "clean", 0.3))
        return self.call("decode", inputs)

    def _more_than_nothing(self, inputs: dict[str, Any], report: dict[str, Any]) -> Any:
        """Ask again where nothing, or one row for all, came back."""
        results = report.get("results")
        if not isinstance(results, list) or len(results) != len(inputs["calls"]):
            return report
        missing = [
            slips
            for result, call in zip(results, inputs["calls"], strict=True)
            if (slips := what_is_missing(result, len(call[0]), inputs["config"]))
        ]
        if missing and "watched" not in self.forms:
            self.forms.append("watched")
            again = self.call("decode", inputs)
            try:
                readable(again, inputs)
            except Wrong:
                raise Wrong(missing[0][0].says, CRASH) from None
            for slip in missing[0]:
                tell(slip)
            return again
        V = inputs["config"]["vocab_size"]
        for result, call in zip(results, inputs["calls"], strict=True):
            logits = result[0] if isinstance(result, list | tuple) and result else result
            if not isinstance(logits, Tensor) or len(call[0]) == 1 or "rows" in self.forms:
                continue
            if tuple(logits.shape) in ((1, V), (V,)):
                self.forms.append("rows")
                again = self.call("decode", inputs)
                tell(LAST_ROW)
                return again
        return report

    def settle(self) -> bool:
        """Whether the decoder answers by chance in eval mode, and no more, now that its dropout is
        off there."""
        if "quiet" in self.forms or not self._told:
            return False
        first = self._told["calls"][0]
        asked = {**self._told, "calls": [first, first], "seed": 0}
        if not self._by_chance(asked):
            return False
        self.forms.append("quiet")
        if self._by_chance(asked):
            self.forms.remove("quiet")
            return False
        tell(Slip(BY_CHANCE, CHANCE, "clean", 0.83))
        return True

    def _by_chance(self, asked: dict[str, Any]) -> bool:
        """Whether it answers differently when asked the same, and differently for another seed."""
        try:
            reports = [self._ask("decode", {**asked, "seed": seed}) for seed in (0, 1)]
            one, other = (readable(report, asked) for report in reports)
        except (StudentFault, Wrong):
            return False
        return not same(one[0], one[1]) and not same(one[0], other[0])


def what_is_missing(result: Any, B: int, config: dict[str, Any]) -> list[Slip]:
    """What is wrong where nothing, or the state alone, came back."""
    if result is None:
        nothing = Slip(RETURNS_NONE, CRASH, "logits", 0.5)
        return [nothing, nothing._replace(line="state_out", share=1.0)]
    state = (config["num_layers"], B, config["hidden_dim"])
    if (
        isinstance(result, list | tuple)
        and len(result) == 2
        and all(isinstance(part, Tensor) and tuple(part.shape) == state for part in result)
    ):
        return [Slip("the state alone came back, without the logits", CRASH, "logits", 1.0)]
    return []


def unchanged(left: Any, call: tuple[Tensor, ...]) -> bool:
    """Whether what is left of arguments is what was given."""
    return (
        isinstance(left, list | tuple)
        and len(left) == len(call)
        and all(
            isinstance(x, Tensor) and torch.equal(x, y) for x, y in zip(left, call, strict=True)
        )
    )


def same(one: tuple[Tensor, ...], other: tuple[Tensor, ...]) -> bool:
    """Whether two answers agree."""
    return all(map(close, one, other))


def decode_inputs(inputs: dict[str, Any], calls: list[tuple[Tensor, ...]]) -> dict[str, Any]:
    """What `decode` is asked where another probe was."""
    return {"config": inputs["config"], "filling": inputs["filling"], "calls": calls}


def readable(report: Any, inputs: dict[str, Any]) -> list[tuple[Tensor, Tensor, Tensor]]:
    """The answers of a report, without a word about how they were put right.

    Raises:
        Wrong: they cannot be read.
    """
    results = report.get("results") if isinstance(report, dict) else None
    calls = inputs["calls"]
    if not isinstance(results, list) or len(results) != len(calls):
        raise Wrong("the answers of your decoder could not be read")
    read = []
    for value, call in zip(results, calls, strict=True):
        given = (call[1], call[2]) if len(call) == 3 else None
        taken = take_apart(value, len(call[0]), inputs["config"], given)
        read.append((as_scores(taken.logits)[0], taken.h, taken.c))
    return read


def mending(check: Callable[..., None]) -> Callable[..., None]:
    """Have a check ask in the form that a decoder needs, and once more without its chance."""

    @wraps(check)
    def run(student: Student, generator: torch.Generator, **fixtures: Any) -> None:
        drawn = generator.get_state()
        asking = Asking(student)
        failed: Exception | None = None
        with meeting() as met:
            try:
                check(Probed(asking, None), generator, **fixtures)
            except (Wrong, StudentFault) as error:
                failed = error
        if failed is not None:
            before = list(met)
            with meeting() as settled:
                if asking.settle():
                    generator.set_state(drawn)
                    failed, before = None, []
                    try:
                        check(Probed(asking, None), generator, **fixtures)
                    except (Wrong, StudentFault) as error:
                        failed = error
            met = [*before, *settled]
        for fault in met:
            mended(fault.rationale, fault.help, line=fault.line, share=fault.share)
        if failed is not None:
            raise failed

    return run
