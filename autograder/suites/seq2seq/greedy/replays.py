"""Greedy decoding with one mistake or two, as the judge's own model would have it.

A mistake is known to be the one if decoding with it gives what came back, row by row. Mistakes are
of three kinds, which go together: what is chosen (`choosers`), when the loop ends (`windows`) and
what is made of the words (`readings`). The student's run gives hints at what to try, no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from checks.seq2seq.greedy import explain
from checks.seq2seq.greedy.explain import Mistake

from ..shared.scorer import Scorer, Tokens

State = tuple[Tensor, Tensor]  # (h, c), each (layers, batch, hidden)
Words = list[list[int]]  # of each row
Said = Sequence[Sequence[int]]  # what each row says if it is never stopped

EARLY = "stop only when every row by itself has chosen EOS, or after max_length tokens"
NO_EOS_IN_IT = "a finished row gets no more tokens: each row's list ends with its first EOS"
OWN_ROW = "each row has its own state, its own tokens and its own list"
ALL_IDS = "take the argmax over all ids, by this step's logits alone"
NEUTRAL = ("all", "most", "own")  # windows that are no mistake
FIRST_STEPS = 4
MANY = 90  # tokens: a limit of a hundred is seldom met
TOGETHER = {"one list", "renumbered", "left at EOS", "by steps"}  # of all rows, step by step
POINTS = {"choice": 4.5, "ending": 4.0, "rows": 3.0, "clean": 1.0}  # near enough, to compare


def ending(says: str, help: str, share: float) -> Mistake:
    """A mistake of the line `ending`."""
    return Mistake(says, help, "ending", share)


def rows(says: str, help: str, share: float) -> Mistake:
    """A mistake of the line `rows`."""
    return Mistake(says, help, "rows", share)


def choice(says: str, help: str, share: float) -> Mistake:
    """A mistake of the line `choice`."""
    return Mistake(says, help, "choice", share)


NOT_THE_BEST = Mistake(
    "the first token is not the most probable one",
    "the first input of the decoder is model.bos_id, the first state is the encoder's, "
    "and the choice is the argmax over all of the vocabulary, dimension 1 of the logits",
    "choice",
    1.0,
)
IN_A_BATCH = Mistake(
    "a sentence goes wrong in a batch; alone it is right",
    "each row starts from BOS and its own state and keeps its own token and state: if you drop "
    "rows that have ended, drop them from the tokens, from h and from c alike, and remember which "
    "rows are left",
    "rows",
    1.0,
)
SAME = rows("different sentences get the same translation", OWN_ROW, 1.0)
SOURCE_UNUSED = rows("nothing of the source enters the translation", explain.FIRST_STATE.help, 0.8)
FIRST_ID = explain.FIRST_INPUT._replace(share=0.36)
FED_BACK = choice(
    "the decoder is not given the token chosen at the step before",
    "feed back the token you have just chosen, each row its own",
    1.0,
)
HANDED_ON = choice(
    "the first token is right and a later one is not the most probable",
    "pass the whole state on as it is: the new h and c of every layer",
    0.85,
)
SUMMED = choice(
    "the first token is right and a later one is not the most probable",
    "choose by the argmax of this step's logits alone, and add up nothing",
    1.0,
)
OVER_ROWS = choice(
    "the first token is not the most probable one",
    "softmax and argmax go over all of the vocabulary, dimension 1 of the logits",
    1.0,
)


@dataclass
class Chooser:
    """How words are chosen, with a mistake or without."""

    mistakes: tuple[Mistake, ...] = ()
    first: int | None = None  # the first input, if it is not BOS
    start: Callable[[State, Case], State] | None = None  # the first state, from the encoder's
    pick: Callable[[Tensor, Words, Case], Tensor] | None = None  # from logits and words so far
    feed: Callable[[Words, Case], list[int]] | None = None  # the next inputs
    hand: Callable[[State, State, State], State] | None = None  # first, last and new: the next
    one_by_one: str = ""  # "token" or "state" is kept from row to row
    core: bool = False  # no greedy decoding at all

    def said(self, case: Case, steps: int) -> Words:
        """What each row says in so many steps."""
        if self.one_by_one:
            return self._one_by_one(case, steps)
        model = case.scorer.model
        words: Words = [[] for _ in case.rows]
        with torch.no_grad():
            first = case.state
            state = self.start(first, case) if self.start else first
            begin = first if self.hand is None or self.start is None else state
            fed = [model.bos_id if self.first is None else self.first] * len(words)
            for _ in range(steps):
                logits, new = model.decoder(torch.tensor(fed), state)
                best = self.pick(logits, words, case) if self.pick else logits.argmax(1)
                for row, token in zip(words, best.tolist(), strict=True):
                    row.append(token)
                state = self.hand(begin, state, new) if self.hand else new
                fed = self.feed(words, case) if self.feed else [row[-1] for row in words]
        return words

    def _one_by_one(self, case: Case, steps: int) -> Words:
        """The same row after row, each going on from where the one before has ended."""
        model = case.scorer.model
        words: Words = []
        token, state = model.bos_id, tuple(part[:, :1] for part in case.state)
        with torch.no_grad():
            for row in range(len(case.rows)):
                if self.one_by_one == "token":
                    state = tuple(part[:, row : row + 1] for part in case.state)
                else:
                    token = model.bos_id
                kept: tuple[int, Any] | None = None
                said: list[int] = []
                for step in range(max(steps, case.max_length)):
                    logits, state = model.decoder(torch.tensor([token]), state)
                    token = int(logits.argmax())
                    said.append(token)
                    if kept is None and (token == model.eos_id or step + 1 == case.max_length):
                        kept = token, state
                token, state = kept or (token, state)
                words.append(said[:steps])
        return words


@dataclass
class Case:
    """A question to `greedy_decode`, and what is needed to answer it with a mistake."""

    scorer: Scorer
    rows: list[int]  # of the scorer's sentences
    max_length: int
    width: int  # of `source`
    lengths: list[int]
    run: dict[str, Any]
    longest: int = 0  # of what came back
    said: dict[str, Words] = field(default_factory=dict)  # by the chooser's name
    out: set[str] = field(default_factory=set)  # choosers that it cannot have been

    @property
    def eos_id(self) -> int:
        """The model's."""
        return self.scorer.eos_id

    @property
    def steps(self) -> int:
        """So many that what came back, and how each row ends, is seen."""
        return max(self.longest, self.max_length) + 3

    @property
    def state(self) -> State:
        """What the encoder returns."""
        starts = [self.scorer.start(row) for row in self.rows]
        h, c = (torch.cat([start[part] for start in starts], 1) for part in range(2))
        return h, c


class Explanation(NamedTuple):
    """A way to decode that gives the answers."""

    chooser: str
    window: str
    reading: str
    mistakes: tuple[Mistake, ...]
    core: bool = False  # whether this is no greedy decoding at all
    sure: bool = False  # whether it gives the answers to other questions too

    def alike(self, other: Explanation) -> bool:
        """Whether another differs in nothing but a window that is no mistake."""
        neutral = self.window in NEUTRAL and other.window in NEUTRAL
        return (neutral or self.window == other.window) and (
            self._replace(window="") == other._replace(window="")
        )

    @property
    def price(self) -> float:
        """What its mistakes cost together, in the task's points."""
        return sum(POINTS[line] * (share or 0.0) for _, _, line, share in self.mistakes)


def explanations(case: Case, got: Sequence[Tokens], most: int = 2) -> list[Explanation]:
    """Ways to decode with as few mistakes as can be, and at most so many, that give what came back.

    Of the ways of one price the first.
    """
    found = list(map(tuple, got))
    case.longest = max(map(len, found))
    known = [(name, chooser) for name, chooser in choosers(case) if possible(case, name)]
    for total in range(most + 1):
        ways: list[Explanation] = []
        for name, chooser in known:
            left = total - bool(chooser.mistakes)
            if left < 0 or (name.startswith("ended") and (total > 1 or ways)):
                continue
            if chooser.mistakes and not alike(case, name, chooser, found):
                continue
            said = said_by(case, name, chooser)
            for window, reading, mistakes in _made_of(case, said, found, left):
                whole = (*chooser.mistakes, *mistakes)
                way = Explanation(name, window, reading, whole, chooser.core)
                if not any(way.alike(other) for other in ways):
                    ways.append(way)
        if ways:
            return ways
    return []


def gives(case: Case, way: Explanation, got: Sequence[Tokens]) -> bool:
    """Whether a way to decode gives these answers to another question."""
    found = list(map(tuple, got))
    case.longest = max(map(len, found))
    chooser = dict(choosers(case)).get(way.chooser)
    if chooser is None:
        return False
    said = said_by(case, way.chooser, chooser)
    if way.window.startswith("limit ="):
        limit = int(way.window.partition("=")[2])
        there = [[min(limit, case.max_length)] * len(said)]
    else:
        names = NEUTRAL if way.window in NEUTRAL else (way.window,)
        there = [steps for name, _, steps in windows(said, case, found) if name in names]
    known = {name: change for name, _, change in readings(case, said)}
    first, _, second = way.reading.partition(" + ")
    if first not in known or (second and second not in known):
        return False
    for steps in there:
        if len(set(steps)) > 1 and first in TOGETHER:
            continue
        made = known[first]([list(row[:n]) for row, n in zip(said, steps, strict=True)])
        if second:
            made = known[second](made)
        made_rows = list(map(tuple, made))
        if made_rows == found or (
            explain.ORDER in way.mistakes and sorted(made_rows) == sorted(found)
        ):
            return True
    return False


def alike(case: Case, name: str, chooser: Chooser, found: list[Tokens]) -> bool:
    """Whether the first words are those of a way to choose, but for one that may be left out.

    Whatever is made of them. Most ways are out after a few steps.
    """
    model = case.scorer.model
    specials = {model.pad_id, model.bos_id, model.eos_id}

    def plain(row: Sequence[int]) -> list[int]:
        return [token for token in row if token not in specials]

    if name in case.out:
        return False
    if name not in case.said:
        begun = list(map(plain, chooser.said(case, min(FIRST_STEPS, case.steps))))
    else:
        begun = list(map(plain, case.said[name]))
    for row in map(plain, found):
        if not any(
            all(one == two for one, two in zip(row, words[skipped:], strict=False))
            for words in begun
            for skipped in (0, 1)
        ):
            case.out.add(name)
            return False
    return True


def _made_of(
    case: Case, said: Said, found: list[Tokens], left: int
) -> Iterator[tuple[str, str, tuple[Mistake, ...]]]:
    """Windows and readings with so many mistakes that give what was found: names, mistakes."""
    options = list(readings(case, said))
    for window, early, steps in windows(said, case, found):
        free = left - (early is not None)
        if free < 0:
            continue
        cut = [list(row[:count]) for row, count in zip(said, steps, strict=True)]
        even = len(set(steps)) == 1
        for name, mistake, reading in options:
            cost = free - (mistake is not None)
            if cost < 0 or cost > 1 or (not even and name in TOGETHER):
                continue
            changed_rows = reading(cut)
            made = list(map(tuple, changed_rows))
            mistakes = tuple(m for m in (early, mistake) if m is not None)
            if made == found and cost == 0:
                yield window, name, mistakes
            elif len(said) > 1 and cost == 1 and made != found and sorted(made) == sorted(found):
                yield window, name, (explain.ORDER, *mistakes)
            if cost != 1 or mistake is None or name in ("all", *TOGETHER):
                continue
            for name_after, after, reading_after in options:
                if after is None or name_after in ("all", *TOGETHER):
                    continue
                if list(map(tuple, reading_after(changed_rows))) == found:
                    yield window, f"{name} + {name_after}", (*mistakes, after)


def possible(case: Case, name: str) -> bool:
    """Whether the student's run does not speak against a way to choose words."""
    inputs, origins = case.run["inputs"], case.run["origins"]
    if not inputs or len(inputs[0]) != len(case.rows):
        return True
    kind, bos_id = name.partition(" ")[0], case.scorer.model.bos_id
    if kind == "first":
        return any(token != bos_id for token in inputs[0])
    if kind in ("start", "rows", "last", "state", "both"):
        return origins[:1] != [("encoder h", "encoder c")]
    if kind == "hand":
        return origins[1:2] != [("last h", "last c")]
    return True


def said_by(case: Case, name: str = "right", chooser: Chooser | None = None) -> Words:
    """What each row says, remembered by the chooser's name."""
    if name not in case.said:
        case.said[name] = (chooser or Chooser()).said(case, case.steps)
    return case.said[name]


# what is chosen


def without(ids: Sequence[int], logits: Tensor, words: Words, case: Case) -> Tensor:
    """The best of all other ids."""
    left = logits.clone()
    left[:, list(ids)] = -torch.inf
    return left.argmax(1)


def unrepeated(last: int, bos: bool, logits: Tensor, words: Words, case: Case) -> Tensor:
    """The best that is none of a row's `last` words, BOS one of them or not."""
    left = logits.clone()
    begin = [case.scorer.model.bos_id] if bos else []
    for row, said in enumerate(words):
        left[row, [*begin, *said][-last:]] = -torch.inf
    return left.argmax(1)


def eos_late(steps: int, logits: Tensor, words: Words, case: Case) -> Tensor:
    """The best, EOS left out in the first `steps`."""
    early = len(words[0]) < steps
    return without([case.eos_id] if early else [], logits, words, case)


def over_rows(logits: Tensor, words: Words, case: Case) -> Tensor:
    """Of the wrong dimension, and cut to the number of rows."""
    best = logits.argmax(0)
    return best[torch.arange(len(words)) % len(best)]


class Sum:
    """The best sum over all steps so far."""

    def __init__(self, softmax: bool) -> None:
        self._softmax = softmax
        self._total: Tensor | float = 0.0

    def __call__(self, logits: Tensor, words: Words, case: Case) -> Tensor:
        """The best of this step."""
        if not words[0]:
            self._total = 0.0
        self._total = self._total + (logits.log_softmax(1) if self._softmax else logits)
        return self._total.argmax(1)


def each(token: int, words: Words, case: Case) -> list[int]:
    """The same to all."""
    return [token] * len(words)


def earlier(place: int, words: Words, case: Case) -> list[int]:
    """The word of an earlier place, BOS where there is none."""
    bos_id = case.scorer.model.bos_id
    return [row[place] if len(row) >= abs(place + (place >= 0)) else bos_id for row in words]


def of_row(row: int, words: Words, case: Case) -> list[int]:
    """One row's word to all."""
    return [words[row][-1]] * len(words)


def once_ended(others: bool, token: int, words: Words, case: Case) -> list[int]:
    """A token to the rows that have ended, or to all once one has."""
    ended = [case.eos_id in row for row in words]
    if others:
        ended = [any(ended)] * len(words)
    return [token if end else row[-1] for end, row in zip(ended, words, strict=True)]


def parts(which: str, h: Tensor, c: Tensor, first: State) -> Tensor:
    """A part of a state by its name."""
    return {"h": h, "c": c, "zero": torch.zeros_like(h), "first h": first[0], "first c": first[1]}[
        which
    ]


def handing(h: str, c: str, first: State, last: State, new: State) -> State:
    """Two parts, by their names, to the next step."""
    return parts(h, *new, first), parts(c, *new, first)


def starting(h: str, c: str, first: State, case: Case) -> State:
    """Two parts, by their names, to the first step."""
    return parts(h, *first, first), parts(c, *first, first)


Rearranged = Callable[[Tensor], Tensor]
LAYERS: dict[str, Rearranged] = {
    "top": lambda part: part[-1:].expand_as(part).contiguous(),
    "bottom": lambda part: part[:1].expand_as(part).contiguous(),
    "flipped": lambda part: part.flip(0),
    "top alone": lambda part: torch.cat([torch.zeros_like(part[:-1]), part[-1:]]),
    "bottom alone": lambda part: torch.cat([part[:1], torch.zeros_like(part[1:])]),
    "halves": lambda part: torch.cat(part.chunk(2, dim=2)[::-1], 2),
    "mean": lambda part: part.mean(0, keepdim=True).expand_as(part).contiguous(),
}
ROWS: dict[str, Rearranged] = {
    "reshaped": lambda part: (
        part.reshape(part.shape[1], part.shape[0], -1).transpose(0, 1).contiguous()
    ),
    "first": lambda part: part[:, :1].expand_as(part).contiguous(),
    "last": lambda part: part[:, -1:].expand_as(part).contiguous(),
    "reversed": lambda part: part.flip(1),
    "next": lambda part: part.roll(-1, 1),
    "previous": lambda part: part.roll(1, 1),
    "mean": lambda part: part.mean(1, keepdim=True).expand_as(part).contiguous(),
}


def rearranged(change: Rearranged, both: str, state: State) -> State:
    """A state with h, c or both rearranged."""
    h, c = state
    return change(h) if "h" in both else h, change(c) if "c" in both else c


def last_column(first: State, case: Case) -> State:
    """The top layer's h from the last column of `outputs`, which a check fills where it is padded.

    The other way round where the encoder's own would be right.
    """
    h = first[0].clone()
    padded = torch.tensor([length < case.width for length in case.lengths])
    h[-1][padded] = 1.0
    return h, first[1]


def choosers(case: Case) -> Iterator[tuple[str, Chooser]]:
    """Ways to choose words, with a name each: the right one, then those with a mistake."""
    model, vocab = case.scorer.model, case.scorer.vocab_size
    pad_id, bos_id, eos_id = model.pad_id, model.bos_id, model.eos_id
    yield "right", Chooser()
    for name, token in (("eos", eos_id), ("pad", pad_id), ("bos", bos_id)):  # no mistake by itself
        yield f"ended {name}", Chooser(feed=partial(once_ended, False, token))
    # the first input
    hint = case.run["inputs"][0][0] if case.run["inputs"] and case.run["inputs"][0] else bos_id
    for token in dict.fromkeys([hint, eos_id, pad_id, 0, 1, 2, 3]):
        if token != bos_id and 0 <= token < vocab:
            mistake = explain.FIRST_INPUT if token in (eos_id, pad_id) else FIRST_ID
            role = {eos_id: "eos", pad_id: "pad"}.get(token, token)
            yield f"first {role}", Chooser((mistake,), first=token)
    # the choice
    specials = (("PAD", pad_id), ("BOS", bos_id))
    for name, token in specials:
        yield (
            f"without {name}",
            Chooser((explain.not_chosen(name),), pick=partial(without, [token])),
        )
    both = explain.not_chosen("PAD")
    yield "without both", Chooser((both,), pick=partial(without, [pad_id, bos_id]))
    never = ([eos_id], [eos_id, pad_id], [eos_id, bos_id], [eos_id, pad_id, bos_id])
    for number, ids in enumerate(never):
        mistake = explain.eos_not_chosen(False, "choice", 0.88)
        yield f"without EOS {number}", Chooser((mistake,), pick=partial(without, ids))
    for ids in ([0], [vocab - 1]):
        name = "first" if ids == [0] else "last"
        yield f"without {name}", Chooser((explain.FIRST_OR_LAST_ID,), pick=partial(without, ids))
    for count in (2, 3, 4):
        mistake = explain.FIRST_OR_LAST_ID._replace(share=0.88)
        if count < vocab - 1:
            yield f"from {count}", Chooser((mistake,), pick=partial(without, range(count)))
    for last in (1, 2, 3, 1000):
        for bos in (False, True):
            pick = partial(unrepeated, last, bos)
            yield f"unrepeated {last} {bos}", Chooser((explain.REPEATED,), pick=pick)
    for count in (1, 2, 3, 4):
        mistake = explain.eos_not_chosen(count == 1)
        yield f"eos late {count}", Chooser((mistake,), pick=partial(eos_late, count))
    yield "least", Chooser((NOT_THE_BEST,), pick=lambda x, *_: x.argmin(1), core=True)
    second: Callable[..., Tensor] = lambda x, *_: x.topk(2, 1).indices[:, 1]  # noqa: E731
    yield "second", Chooser((NOT_THE_BEST,), pick=second, core=True)
    yield "over rows", Chooser((NOT_THE_BEST,), pick=over_rows, core=True)
    if len(case.rows) > 1:
        weights: Callable[..., Tensor] = lambda x, *_: x.softmax(0).argmax(1)  # noqa: E731
        mistakes = (OVER_ROWS, IN_A_BATCH._replace(share=0.4))
        yield "softmax over rows", Chooser(mistakes, pick=weights)
    yield "sum", Chooser((SUMMED,), pick=Sum(True))
    yield "sum of logits", Chooser((SUMMED,), pick=Sum(False))
    # what is fed back
    yield "feed bos", Chooser((explain.ALWAYS_BOS,), feed=partial(each, bos_id))
    yield "feed eos", Chooser((FED_BACK,), feed=partial(each, eos_id))
    yield "feed pad", Chooser((FED_BACK,), feed=partial(each, pad_id))
    for place in (0, -2, -3):
        yield f"feed {place}", Chooser((FED_BACK,), feed=partial(earlier, place))
    # the state
    names = {"encoder h": "first h", "encoder c": "first c", "last h": "h", "last c": "c"}
    for (h, c), mistake in explain.HANDED.items():
        yield f"hand {h} {c}", Chooser((mistake,), hand=partial(handing, names[h], names[c]))
    for h, c in (
        ("zero", "c"),
        ("h", "zero"),
        ("zero", "zero"),
        ("first c", "c"),
        ("h", "first h"),
    ):
        yield f"hand {h} {c}", Chooser((HANDED_ON,), hand=partial(handing, h, c))
    unused = (explain.FIRST_STATE._replace(share=1.0), SOURCE_UNUSED)
    yield "start zero zero", Chooser(unused, start=partial(starting, "zero", "zero"))
    swapped = (explain.FIRST_STATE._replace(share=1.0),)
    yield "start c h", Chooser(swapped, start=partial(starting, "c", "h"))
    for h, c in (
        ("h", "h"),
        ("c", "c"),
        ("zero", "c"),
        ("h", "zero"),
        ("c", "zero"),
        ("zero", "h"),
    ):
        yield f"start {h} {c}", Chooser((explain.FIRST_STATE,), start=partial(starting, h, c))
    for name, change in LAYERS.items():
        for part in ("hc", "h", "c"):
            for how in ("start", "hand", "both"):
                mistake = explain.FIRST_STATE if how != "hand" else HANDED_ON
                price = 1.0 if name == "halves" else mistake.share
                yield (
                    f"{how} {name} {part}",
                    Chooser(
                        (mistake._replace(share=price),),
                        start=partial(_start, change, part) if how != "hand" else None,
                        hand=partial(_hand, change, part) if how != "start" else None,
                    ),
                )
    output = explain.FIRST_STATE._replace(share=0.45)
    yield "last output", Chooser((output,), start=last_column)
    if len(case.rows) == 1:
        return
    # rows mixed up
    for name, change in ROWS.items():
        for part in ("hc", "h", "c"):
            mistake = explain.FIRST_STATE._replace(line="rows", share=1.0)
            yield f"rows {name} {part}", Chooser((mistake,), start=partial(_start, change, part))
    for row in (0, len(case.rows) - 1):
        name = "last" if row else "first"
        yield f"feed row {name}", Chooser((IN_A_BATCH,), feed=partial(of_row, row))
    for name, token in (("eos", eos_id), ("pad", pad_id), ("bos", bos_id)):
        feed = partial(once_ended, True, token)
        yield f"one ended {name}", Chooser((IN_A_BATCH,), feed=feed)
    yield "token kept", Chooser((IN_A_BATCH,), one_by_one="token")
    yield "state kept", Chooser((IN_A_BATCH,), one_by_one="state")


def _start(change: Rearranged, both: str, first: State, case: Case) -> State:
    return rearranged(change, both, first)


def _hand(change: Rearranged, both: str, first: State, last: State, new: State) -> State:
    return rearranged(change, both, new)


# when the loop ends


def end_of(row: Sequence[int], ids: Sequence[int]) -> int:
    """How many tokens a row has up to the first of these ids, included; all if there is none."""
    return next((i + 1 for i, token in enumerate(row) if token in ids), len(row) + 1)


Window = tuple[str, Mistake | None, list[int]]  # name, mistake, numbers of steps


def windows(said: Said, case: Case, got: Sequence[Tokens]) -> Iterator[Window]:
    """How many steps are taken for each row, with a name each, and the mistake if it is one."""
    most, count = case.max_length, len(said)
    ends = [end_of(row, [case.eos_id]) for row in said]
    longest = len(said[0])

    def all_of(steps: int) -> list[int]:
        return [max(0, min(steps, longest))] * count

    last = max(ends)
    yield "all", None, all_of(min(last, most))
    yield "most", None, all_of(most)
    yield "own", None, [min(end, most) for end in ends]
    yield "fewer", explain.FEWER, all_of(min(last, most - 1))
    yield "more", explain.MORE, all_of(min(last, most + 1))
    only_eos = explain.EOS_ADDED._replace(share=0.22)
    yield "EOS more", only_eos, [end if end == most + 1 else min(end, most) for end in ends]
    if last <= longest:
        yield "no limit", explain.BEYOND, all_of(last)
    if count > 1:
        early = partial(rows, explain.TOO_EARLY.says, EARLY)
        yield "first ends", early(1.0), all_of(min(*ends, most))
        yield "row 0 ends", early(0.88), all_of(min(ends[0], most))
        yield "last row ends", early(0.88), all_of(min(ends[-1], most))
        total, enough = 0, most
        for step, column in enumerate(zip(*said, strict=True)):
            total += column.count(case.eos_id)
            if total >= count:
                enough = min(step + 1, most)
                break
        yield "EOS counted", early(0.78), all_of(min(enough, last))
        beyond = last if ends[0] < most else min(last, most)
        yield "row 0 limits", explain.BEYOND._replace(share=0.5), all_of(beyond)
        yield "repeat in row 0", early(0.72), all_of(min(last, most, repeats(said[0])))
    yield "repeat", explain.TOO_EARLY, [min(most, repeats(row)) for row in said]
    yield from limits(case, got, ends, all_of)


def repeats(row: Sequence[int]) -> int:
    """How many tokens a row has up to the first that is said twice in a row, that included."""
    places = (i + 1 for i in range(1, len(row)) if row[i] == row[i - 1])
    return next(places, len(row))


def limits(
    case: Case, got: Sequence[Tokens], ends: list[int], all_of: Callable[[int], list[int]]
) -> Iterator[Window]:
    """Limits other than `max_length`, as what came back suggests them."""
    longest = max(map(len, got), default=0)
    if 1 < longest < case.max_length:
        share = 0.11 if longest > MANY else 0.28
        yield f"limit ={longest}", explain.TOO_EARLY._replace(share=share), all_of(longest)
    mistake = explain.TOO_EARLY._replace(share=0.28)
    for times in (1, 2, 3):
        for more in range(-2, 6):
            for name, lengths in (("each", case.lengths), ("width", [case.width] * len(ends))):
                steps = [times * length + more for length in lengths]
                if all(n > 1 for n in steps):
                    most = [min(n, case.max_length, len(ends) and longest + 3) for n in steps]
                    yield f"limit {name} {times} {more}", mistake, most


# what is made of the words


def upto(ids: Sequence[int], included: bool, row: Sequence[int]) -> list[int]:
    """The words up to the first of these ids."""
    end = end_of(row, ids)
    return list(row[: end if included else end - 1])


Change = Callable[[Words], Words]
Reading = tuple[str, Mistake | None, Change]  # name, mistake, what is made of the rows


def readings(case: Case, said: Said) -> Iterator[Reading]:
    """What can be made of each row's words, with a name each, and the mistake if it is one."""
    model, most, vocab = case.scorer.model, case.max_length, case.scorer.vocab_size
    pad_id, bos_id, eos_id = model.pad_id, model.bos_id, model.eos_id
    own = partial(upto, [eos_id], True)

    def rowwise(change: Callable[[list[int]], list[int]]) -> Change:
        return lambda window: [change(row) for row in window]

    yield "own", None, rowwise(own)
    yield "BOS first", explain.WITH_BOS, rowwise(lambda row: [bos_id, *own(row)])
    yield "BOS first, cut", explain.WITH_BOS, rowwise(lambda row: [bos_id, *own(row)][:most])
    yield "no EOS", explain.NO_EOS, rowwise(partial(upto, [eos_id], False))
    yield "first dropped", explain.FIRST_DROPPED, rowwise(lambda row: own(row)[1:])
    yield "all", explain.GOES_ON, list
    fillers = {"PAD": pad_id, "EOS": eos_id, "BOS": bos_id, "0": 0, "-1": -1}
    for name, token in fillers.items():
        mistake = explain.GOES_ON if token == eos_id else explain.PADDED
        for full in (False, True):
            fill = partial(padded, own, token, most if full else 0)
            yield f"padded {name} {full}", mistake._replace(share=0.5), fill
    yield "EOS added", explain.EOS_ADDED, rowwise(partial(added, own, eos_id, False))
    twice = explain.GOES_ON._replace(share=0.3)
    yield "EOS twice", twice, rowwise(partial(added, own, eos_id, True))
    doubled = partial(eos_doubled, own, eos_id)
    yield "EOS doubled", twice, rowwise(doubled)
    yield "EOS instead", explain.EOS_INSTEAD, rowwise(partial(instead, own, eos_id))
    yield "without EOS", explain.WITHOUT_EOS, rowwise(lambda row: [t for t in row if t != eos_id])
    yield "to last EOS", explain.GOES_ON._replace(share=0.56), rowwise(partial(to_last, eos_id))
    second = explain.GOES_ON._replace(share=0.67)
    yield "before second EOS", second, rowwise(partial(before_second, eos_id))
    yield "by argmax", explain.TOO_EARLY._replace(share=0.5), rowwise(partial(by_argmax, eos_id))
    yield "forgotten", explain.GOES_ON._replace(share=0.8), rowwise(partial(not_after, eos_id))
    for name, ids in (("PAD", [pad_id]), ("BOS", [bos_id]), ("both", [pad_id, bos_id])):
        yield f"filtered {name}", explain.LEFT_OUT, rowwise(partial(filtered, own, ids))
        stripped = explain.LEFT_OUT._replace(share=0.13)
        yield f"stripped {name}", stripped, rowwise(partial(from_first, own, ids))
    # other ids that end a row, besides EOS and in place of it
    names = {pad_id: "PAD", bos_id: "BOS"}
    for token in dict.fromkeys([pad_id, bos_id, *range(min(vocab, 16)), vocab - 1]):
        if token == eos_id:
            continue
        at, before = explain.TOO_EARLY._replace(share=0.25), explain.TOO_EARLY._replace(share=0.27)
        if token in names:
            at, before = explain.ends_at(names[token]), explain.ends_before(names[token])
        name = names.get(token, str(token))
        yield f"ends at {name}", at, rowwise(partial(upto, [eos_id, token], True))
        yield f"ends before {name}", before, rowwise(partial(before_id, own, token))
        instead_of = explain.GOES_ON._replace(share=0.4)
        yield f"ends at {name} alone", instead_of, rowwise(partial(upto, [token], True))
    backwards = ending("the words of a translation come in another order", ALL_IDS, 0.5)
    yield "backwards", backwards, rowwise(lambda row: own(row)[::-1])
    if vocab > 128:
        for name, change in SMALL.items():
            yield name, TOO_SMALL, rowwise(partial(changed, own, change))
    if len(said) == 1:
        return
    yield "row 0 for all", SAME, lambda window: [own(window[0])] * len(window)
    yield "last row for all", SAME, lambda window: [own(window[-1])] * len(window)
    yield "one list", SAME, partial(one_list, eos_id)
    yield "renumbered", IN_A_BATCH._replace(share=0.93), partial(renumbered, eos_id)
    yield "left at EOS", IN_A_BATCH, partial(left_at_eos, eos_id)
    by_steps = rows("the result has a list for each step, not one for each sentence", OWN_ROW, 0.4)
    yield "by steps", by_steps, partial(transposed, own, pad_id)


TOO_SMALL = choice(
    "in a large vocabulary you return ids that the model did not choose",
    "ids are int64: uint8 ends at 255, and half precision does not know every id above 2048",
    0.28,
)
SMALL: dict[str, Callable[[int], int]] = {
    "uint8": lambda token: token % 256,
    "int8": lambda token: (token + 128) % 256 - 128,
    "half": lambda token: int(torch.tensor(token).half()),
}
Own = Callable[[Sequence[int]], list[int]]


def changed(own: Own, change: Callable[[int], int], row: list[int]) -> list[int]:
    """Each id as a small type keeps it."""
    return [change(token) for token in own(row)]


def added(own: Own, eos_id: int, always: bool, row: list[int]) -> list[int]:
    """EOS at the end of a row that has none, or of all."""
    return own(row) + [eos_id] * (always or eos_id not in row)


def eos_doubled(own: Own, eos_id: int, row: list[int]) -> list[int]:
    """One EOS more where there is one."""
    return own(row) + [eos_id] * (eos_id in own(row))


def from_first(own: Own, ids: Sequence[int], row: list[int]) -> list[int]:
    """Without a first word that is one of these."""
    words = own(row)
    return words[1:] if words[:1] and words[0] in ids else words


def before_id(own: Own, token: int, row: list[int]) -> list[int]:
    """What comes before an id."""
    return upto([token], False, own(row))


def transposed(own: Own, pad_id: int, window: Words) -> Words:
    """A list for each step."""
    return [list(step) for step in zip(*padded(own, pad_id, 0, window), strict=True)]


def padded(own: Own, token: int, least: int, window: Words) -> Words:
    """All rows filled up to the longest, or to a length."""
    ended = [own(row) for row in window]
    longest = max(least, *map(len, ended))
    return [row + [token] * (longest - len(row)) for row in ended]


def instead(own: Own, eos_id: int, row: list[int]) -> list[int]:
    """EOS in place of a last word that is another."""
    return [*own(row)[:-1], eos_id]


def to_last(eos_id: int, row: list[int]) -> list[int]:
    """Up to the last EOS."""
    places = [place for place, token in enumerate(row) if token == eos_id]
    return row[: places[-1] + 1] if places else row


def before_second(eos_id: int, row: list[int]) -> list[int]:
    """Up to what comes before the second EOS."""
    places = [place for place, token in enumerate(row) if token == eos_id]
    return row[: places[1]] if len(places) > 1 else row


def by_argmax(eos_id: int, row: list[int]) -> list[int]:
    """The place of EOS as argmax has it: the first place if there is none."""
    return row[: row.index(eos_id) + 1 if eos_id in row else 1]


def not_after(eos_id: int, row: list[int]) -> list[int]:
    """All but what comes just after an EOS."""
    return [token for i, token in enumerate(row) if not i or row[i - 1] != eos_id]


def filtered(own: Own, ids: Sequence[int], row: list[int]) -> list[int]:
    """The words without these ids."""
    return [token for token in own(row) if token not in ids]


def one_list(eos_id: int, window: Words) -> Words:
    """All rows write into one list."""
    shared: list[int] = []
    for step, column in enumerate(zip(*window, strict=True)):
        for row, token in zip(window, column, strict=True):
            if eos_id not in row[:step]:
                shared.append(token)
    return [shared] * len(window)


def renumbered(eos_id: int, window: Words) -> Words:
    """Rows that are left take the numbers of their places among those left."""
    lists: list[list[int]] = [[] for _ in window]
    left, numbers = list(window), list(range(len(window)))
    for step in range(len(window[0])):
        for number, row in zip(numbers, left, strict=True):
            lists[number].append(row[step])
        numbers = [place for place, row in enumerate(left) if row[step] != eos_id]
        left = [row for row in left if row[step] != eos_id]
    return lists


def left_at_eos(eos_id: int, window: Words) -> Words:
    """The loop over rows is left at the first that says EOS."""
    lists: list[list[int]] = [[] for _ in window]
    for step, column in enumerate(zip(*window, strict=True)):
        for words, row, token in zip(lists, window, column, strict=True):
            if eos_id not in row[:step]:
                words.append(token)
            if token == eos_id:
                break
    return lists
