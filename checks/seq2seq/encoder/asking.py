"""Asks an encoder in another way where it fails for a known reason, and judges the rest.

A check is gone through as it stands. If it fails in one of the ways that are known here, the
mistake is taken down and charged, and the check is gone through once more with questions, or
answers, in which the mistake does not show. A right encoder is never asked twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from itertools import combinations
from typing import Any, TypeVar

import torch
from torch import Tensor

from checks.expect import Wrong, mended
from checks.student import Student
from checks.verdicts import StudentFault, Verdict

from ..probed import Probed
from .forms import (
    BATCH_FIRST,
    CRASH,
    ONE_DIRECTION,
    OtherAxis,
    OtherSize,
    Read,
    alike,
    encoding,
)
from .still import CHANGES, DRAWS, DROPOUT

Batch = tuple[Tensor, Tensor]  # source and its lengths
Check = TypeVar("Check", bound=Callable[..., None])
MOST_WAYS = 4  # so many mistakes of asking are looked for in one check

PACK = (
    "pack_padded_sequence wants lengths on the CPU, and enforce_sorted=False when they are not "
    "sorted; torch.zeros for a state needs shape (L, B, H)"
)
CHANCE = (
    "in eval mode your encoder gives different answers for the same sentence, by chance",
    "F.dropout is active unless told training=self.training; an initial state must be zeros, "
    "not torch.randn; layers are made once, in __init__",
)
REMEMBERED = (
    "in eval mode a second call gives another answer for the same sentence",
    "start every call from a zero state, and keep nothing of it on self",
)


OVERWRITTEN = (
    (
        "no gradient can be computed, since the ids that the embedding has read are overwritten",
        "do not change source in place; make a new tensor",
        "learning",
        0.3,
    ),
)


class Unsteady(Wrong):
    """In eval mode chance decides."""


class Remembers(Wrong):
    """A call depends on the one before."""


class Way:
    """A way of asking: what is asked instead, and what is made of the answers."""

    faults: tuple[tuple[str, str, str, float], ...] = ()  # rationale, help, line, share

    def fits(self, batches: list[Batch]) -> bool:
        """Whether these batches would be asked in another way."""
        return True

    def encode(self, ask: Callable[..., Any], **given: Any) -> Any:
        """Encode batches."""
        return ask(**given)

    def gradients(self, ask: Callable[..., Any], **given: Any) -> Any:
        """Differentiate: of the same arguments, the same answer."""
        return ask(**given)


class ByBatch(Way):
    """Gives other batches, and puts each answer back."""

    def there(self, batch: Batch) -> Batch | None:
        """The batch that is asked instead; None if there is nothing left to ask."""
        return batch

    def back(self, value: Any, batch: Batch) -> Any:
        """The answer for the batch that was meant."""
        return value

    def encode(self, ask: Callable[..., Any], **given: Any) -> Any:
        """Encode batches."""
        batches: list[Batch] = given["batches"]
        asked = [self.there(batch) for batch in batches]
        some = [batch for batch in asked if batch is not None]
        report = ask(**{**given, "batches": some}) if some else {}
        results = report.get("results") if isinstance(report, dict) else None
        if not isinstance(results, list) or len(results) != len(some):
            results = [None] * len(some)
        told = iter(results)
        read = [
            self.back(None if new is None else next(told), batch)
            for batch, new in zip(batches, asked, strict=True)
        ]
        return {**report, "results": read, "batches": batches}


def read(value: Any, batch: Batch, config: dict[str, Any]) -> Any:
    """Outputs, h and c as they should have come."""
    return encoding(value, batch[1], batch[0].shape[1], config)


@dataclass
class Sorted(ByBatch):
    """Rows by descending lengths."""

    config: dict[str, Any] = field(default_factory=dict)
    faults = (
        ("your encoder crashes where lengths are not sorted: longest first", PACK, "rows", 1.0),
    )

    def fits(self, batches: list[Batch]) -> bool:
        """Whether some lengths are not sorted."""
        return any(bool((lengths[1:] > lengths[:-1]).any()) for _, lengths in batches)

    def there(self, batch: Batch) -> Batch | None:
        """Sorted."""
        order = batch[1].argsort(descending=True, stable=True)
        return batch[0][order], batch[1][order]

    def back(self, value: Any, batch: Batch) -> Any:
        """In the order that was meant."""
        order = batch[1].argsort(descending=True, stable=True)
        outputs, h, c = read(value, (batch[0][order], batch[1][order]), self.config)
        place = order.argsort()
        return Read((outputs[place], h[:, place], c[:, place]))

    def gradients(self, ask: Callable[..., Any], **given: Any) -> Any:
        """All rows sorted: a sum over rows has no order."""
        order = given["source_lengths"].argsort(descending=True, stable=True)
        report = ask(**_rows(given, order))
        return _came(report, given, order)


@dataclass
class Doubled(ByBatch):
    """A sentence alone is put in a batch with itself."""

    config: dict[str, Any] = field(default_factory=dict)
    faults = (("your encoder crashes for a batch of one sentence", CRASH, "rows", 0.6),)

    def fits(self, batches: list[Batch]) -> bool:
        """Whether some sentence is alone."""
        return any(len(source) == 1 for source, _ in batches)

    def there(self, batch: Batch) -> Batch | None:
        """At least two rows."""
        source, lengths = batch
        return (source.repeat(2, 1), lengths.repeat(2)) if len(source) == 1 else batch

    def back(self, value: Any, batch: Batch) -> Any:
        """The first row."""
        if len(batch[0]) > 1:
            return value
        outputs, h, c = read(value, (batch[0].repeat(2, 1), batch[1].repeat(2)), self.config)
        return Read((outputs[:1], h[:, :1], c[:, :1]))


@dataclass
class Trimmed(ByBatch):
    """Columns that are padding for all rows are cut off."""

    config: dict[str, Any] = field(default_factory=dict)
    faults = (
        (
            "your encoder crashes where source has more columns than the longest sentence",
            "max(source_lengths) may be smaller than source.shape[1]: see total_length of "
            "pad_packed_sequence",
            "clean",
            1.0,
        ),
    )

    def fits(self, batches: list[Batch]) -> bool:
        """Whether some batch has such columns."""
        return any(int(lengths.max()) < source.shape[1] for source, lengths in batches)

    def there(self, batch: Batch) -> Batch | None:
        """No more columns than tokens."""
        return batch[0][:, : int(batch[1].max())], batch[1]

    def back(self, value: Any, batch: Batch) -> Any:
        """Gaps where columns were cut off."""
        source, lengths = batch
        outputs, h, c = read(value, (source[:, : int(lengths.max())], lengths), self.config)
        B, T, H = outputs.shape
        gap = outputs.new_full((B, source.shape[1] - T, H), torch.nan)
        return Read((torch.cat([outputs, gap], 1), h, c))


@dataclass
class Longer(ByBatch):
    """Sentences of one token are left out."""

    config: dict[str, Any] = field(default_factory=dict)
    faults = (("your encoder crashes for a sentence of one token", CRASH, "rows", 0.6),)

    def fits(self, batches: list[Batch]) -> bool:
        """Whether there is such a sentence."""
        return any(bool((lengths == 1).any()) for _, lengths in batches)

    def there(self, batch: Batch) -> Batch | None:
        """Those of two tokens or more."""
        long = batch[1] > 1
        return (batch[0][long], batch[1][long]) if bool(long.any()) else None

    def back(self, value: Any, batch: Batch) -> Any:
        """Gaps for those left out."""
        (B, S), L, H = batch[0].shape, self.config["num_layers"], self.config["hidden_dim"]
        outputs = torch.full((B, S, H), torch.nan)
        h, c = torch.full((L, B, H), torch.nan), torch.full((L, B, H), torch.nan)
        long = batch[1] > 1
        if bool(long.any()):
            outputs[long], h[:, long], c[:, long] = read(
                value, (batch[0][long], batch[1][long]), self.config
            )
        return Read((outputs, h, c))

    def gradients(self, ask: Callable[..., Any], **given: Any) -> Any:
        """Without the rows left out."""
        rows = (given["source_lengths"] > 1).nonzero()[:, 0]
        return _came(ask(**_rows(given, rows)), given, rows)


def _rows(given: dict[str, Any], rows: Tensor) -> dict[str, Any]:
    """The arguments of `encoder_gradients` for some rows."""
    weights = given["weights"]
    chosen = {
        "outputs": weights["outputs"][rows],
        "h": weights["h"][:, rows],
        "c": weights["c"][:, rows],
    }
    some = {name: given[name][rows] for name in ("source", "source_lengths", "real")}
    return {**given, **some, "weights": chosen}


def _came(report: Any, given: dict[str, Any], rows: Tensor) -> Any:
    """A report on some rows as one on all: the others did not come."""
    came = report.get("came") if isinstance(report, dict) else None
    if not isinstance(came, dict):
        return report
    whole = {name: torch.zeros_like(weight) for name, weight in given["weights"].items()}
    for name, ones in came.items():
        if name == "outputs":
            whole[name][rows] = ones
        elif name in whole:
            whole[name][:, rows] = ones
    return {**report, "came": whole}


@dataclass
class Turned(ByBatch):
    """Time first: what such an encoder takes for columns are the rows."""

    config: dict[str, Any] = field(default_factory=dict)
    faults = (
        ("the LSTM runs over the sentences of the batch", BATCH_FIRST, "lstm", 0.8),
        ("the LSTM runs over the sentences of the batch", BATCH_FIRST, "rows", 1.0),
    )

    def there(self, batch: Batch) -> Batch | None:
        """Time first, and the lengths as they are."""
        return batch[0].T.contiguous(), batch[1]

    def back(self, value: Any, batch: Batch) -> Any:
        """Batch first."""
        if isinstance(value, list | tuple) and len(value) == 2 and isinstance(value[0], Tensor):
            outputs = value[0]
            return (outputs.transpose(0, 1) if outputs.ndim == 3 else outputs), value[1]
        return value


class Anew(Way):
    """A new encoder for each batch."""

    faults = ((*REMEMBERED, "clean", 1.0), (*REMEMBERED, "lstm", 0.6))

    def encode(self, ask: Callable[..., Any], **given: Any) -> Any:
        """One at a time."""
        seed = given.get("seed", 0)
        reports = [
            ask(**{**given, "batches": [batch], "seed": seed + 1000 * place})
            for place, batch in enumerate(given["batches"])
        ]
        read = [report if isinstance(report, dict) else {} for report in reports]
        together = {
            name: [item for report in read for item in report.get(name, [])]
            for name in ("results", "batches")
        }
        return {**read[0], **together}


class Wide(Way):
    """Embeddings as wide as the hidden state, filled up with zeros."""

    faults = (
        ("the last dimension of outputs, h and c is embedding_dim", ONE_DIRECTION, "lstm", 0.5),
        ("the last dimension of outputs, h and c is embedding_dim", ONE_DIRECTION, "context", 0.2),
    )

    def _widened(self, given: dict[str, Any]) -> dict[str, Any]:
        config, filling = given["config"], given["filling"]
        H, table = config["hidden_dim"], filling.get("embedding")
        if isinstance(table, Tensor):
            more = table.new_zeros(len(table), H - table.shape[1])
            filling = {**filling, "embedding": torch.cat([table, more], 1)}
        return {**given, "config": {**config, "embedding_dim": H}, "filling": filling}

    def encode(self, ask: Callable[..., Any], **given: Any) -> Any:
        """With wider embeddings."""
        return ask(**self._widened(given))

    def gradients(self, ask: Callable[..., Any], **given: Any) -> Any:
        """The gradient of the part that is meant."""
        report = ask(**self._widened(given))
        E = given["config"]["embedding_dim"]
        if "results" in report:
            return report
        slopes = {name: report[name][0] for name in ("outputs", "h", "c")}
        return report | {
            name: (None if slope is None else slope[:, :E],) for name, slope in slopes.items()
        }


@dataclass
class Steady(Way):
    """Chance is taken out."""

    out: str
    faults: tuple[tuple[str, str, str, float], ...] = ()

    def encode(self, ask: Callable[..., Any], **given: Any) -> Any:
        """Dropout in train mode stays."""
        if self.out == DROPOUT and given.get("training"):
            return ask(**given)
        return ask(**given, still=self.out)

    def gradients(self, ask: Callable[..., Any], **given: Any) -> Any:
        """Where dropout is 0."""
        return ask(**given, still=self.out)


class Asking:
    """A submission that is asked in certain ways; it has the face of one."""

    def __init__(self, student: Student | Asking, ways: Sequence[Way]) -> None:
        self._student: Any = student
        self._ways = tuple(ways)
        self.last: dict[str, Any] = {}  # what was asked last, as batches to encode
        self.gradients: dict[str, Any] = {}  # what gradients were asked last

    def _through(self, name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        for way in reversed(self._ways):
            ask = _link(getattr(way, name), ask, way)
        return ask

    def encode(self, **given: Any) -> Any:
        """Encode batches."""
        self.last, self.gradients = given, {}
        return self._through("encode", self._student.encode)(**given)

    def encoder_gradients(self, **given: Any) -> Any:
        """Differentiate."""
        asked = {name: given[name] for name in ("config", "filling")}
        self.last = {**asked, "batches": [(given["source"], given["source_lengths"])]}
        self.gradients = given
        return self._through("gradients", self._student.encoder_gradients)(**given)

    def encoder_on(self, **given: Any) -> Any:
        """Try another device."""
        asked = {name: given[name] for name in ("config", "filling")}
        self.last = {**asked, "batches": [(given["source"], given["source_lengths"])]}
        for way in self._ways:
            if isinstance(way, Steady):
                given["still"] = way.out
            if isinstance(way, Sorted | Longer):
                rows = way.there((given["source"], given["source_lengths"]))
                given["source"], given["source_lengths"] = rows or (given["source"][:0],) * 2
        return self._student.encoder_on(**given)


def _link(do: Callable[..., Any], ask: Callable[..., Any], way: Way) -> Callable[..., Any]:
    def asked(**given: Any) -> Any:
        if hasattr(way, "config"):
            way.config = given["config"]
        return do(ask, **given)

    return asked


def forgiving(check: Check) -> Check:
    """Go through a check in other ways of asking too, where a known mistake stands in its way."""

    @wraps(check)
    def judged(student: Probed, **fixtures: Any) -> None:
        generator = fixtures.get("generator")
        start = generator.get_state() if generator is not None else None
        ways: list[Way] = []
        while True:
            asking = Asking(student, ways)
            try:
                return check(asking, **fixtures)
            except (Wrong, StudentFault) as error:
                found = _ways_out(asking, error) if len(ways) < MOST_WAYS else []
                if not found or any(type(a) is type(b) for a in found for b in ways):
                    if ways and isinstance(error, Wrong):
                        tell_both(error, ways[0])
                    raise
                ways += found
            if generator is not None:
                generator.set_state(start)
            for way in found:
                for rationale, help, line, share in way.faults:
                    mended(rationale, help, line=line, share=share)

    return judged  # type: ignore[return-value]  # it has the face of the check


def tell_both(error: Wrong, way: Way) -> None:
    """Add to what went wrong the mistake that was met before it."""
    rationale, help, _, _ = way.faults[0]
    if error.rationale != rationale:
        error.rationale = f"{rationale}; apart from that: {error.rationale}"
        error.help = f"{help}; then: {error.help}" if error.help else help


def _ways_out(asking: Asking, error: Wrong | StudentFault) -> list[Way]:
    """The ways of asking in which what went wrong does not show; none if it is something else."""
    if isinstance(error, OtherSize):
        return [Wide()]
    if isinstance(error, OtherAxis):
        return [Turned()]
    if isinstance(error, Remembers):
        return [Anew()]
    if isinstance(error, Unsteady):
        return _calm(asking)
    if isinstance(error, StudentFault) and error.verdict is Verdict.CRASHED and asking.last:
        return _without_crash(asking)
    return []


def _without_crash(asking: Asking) -> list[Way]:
    """The ways in which an encoder gives the answer that it crashed for."""
    given, gradients = asking.last, asking.gradients
    try:
        Asking(asking, ()).encode(**given)
    except StudentFault:
        pass
    except Wrong:
        return []
    else:
        return _without_changes(asking, gradients)
    batches = given["batches"]
    ways = [way for way in (Sorted(), Doubled(), Trimmed(), Longer()) if way.fits(batches)]
    for count in (1, 2):
        for some in combinations(ways, count):
            tried = batches
            if not any(_left(batch, some) for batch in batches):
                tried = [(source.repeat(1, 2), 2 * lengths) for source, lengths in batches[:1]]
            try:
                Asking(asking, some).encode(**{**given, "batches": tried})
            except StudentFault:
                continue
            except Wrong:
                pass
            return list(some)
    return []


def _left(batch: Batch, ways: Iterable[Way]) -> bool:
    """Whether any sentence of a batch is still asked for."""
    return all(way.there(batch) is not None for way in ways if isinstance(way, Longer))


def _without_changes(asking: Asking, gradients: dict[str, Any]) -> list[Way]:
    """The way in which gradients can be had though the ids are overwritten."""
    way = Steady(CHANGES, OVERWRITTEN)
    try:
        Asking(asking, [way]).encoder_gradients(**gradients)
    except (StudentFault, Wrong, KeyError, TypeError):
        return []
    return [way]


def _calm(asking: Asking) -> list[Way]:
    """What takes the chance out of an encoder's answers in eval mode."""
    given = {**asking.last, "seed": 0}
    batch = given["batches"][0]
    config, filling = given["config"], given["filling"]
    zeros = torch.zeros(config["vocab_size"], config["embedding_dim"])
    blank = {**filling, "embedding": zeros}

    def steady(ask: Any, **other: Any) -> bool:
        answers: list[Any] = []
        for seed in (0, 1):
            asked = {**given, "batches": [batch] * 4, "training": False, **other, "seed": seed}
            answers += ask.encode(**asked)["results"]
        try:
            first, *others = (read(value, batch, config) for value in answers)
        except Wrong:
            return False
        return all(alike(x, y) for state in others for x, y in zip(first, state, strict=True))

    few = asking.encode(**{**given, "batches": [batch]}).get("weights")
    without = {**config, "dropout": 0.0}
    quiet = Asking(asking, [Steady(DROPOUT)])
    if steady(asking, filling=blank) or steady(asking, config=without) or steady(quiet):
        return [Steady(DROPOUT, ((*CHANCE, "dropout", 1.0),))]
    if not steady(Asking(asking, [Steady(DRAWS)])):
        return []
    lines = ("lstm",) if few else ("lstm", "learning", "context")
    return [Steady(DRAWS, tuple((*CHANCE, line, 1.0) for line in lines))]
