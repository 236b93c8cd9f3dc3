"""A beam as a tree: the worked example of the lesson, and your own search."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib as mpl
import torch
import torch.nn as nn
from sheet import BLUE, FAINT, GREEN, INK, LOOK, PAPER, WIDTH, Picture, Sheet
from torch import Tensor
from toy import LETTERS


@dataclass(frozen=True)
class Node:
    """A hypothesis as it is drawn."""

    tokens: tuple[str, ...]
    sum: str  # how its probability comes about, and what it is
    kind: str  # live, ended, dropped
    rank: int = 0  # its place among the answers, from 1; 0 if it is none


KINDS = {"live": BLUE, "ended": GREEN, "dropped": (PAPER, "#7b8794")}
NAMED = {"live": "kept", "ended": "kept, ended"}
ROW = 96  # points from one step of the tree to the next
MOST_IN_A_ROW = 4


def _worked(tokens: str, sum: str, kind: str, rank: int = 0) -> Node:
    return Node(tuple(tokens.split()), sum, kind, rank)


# the worked example of the lesson: table 0, beam width 2, at most 3 tokens
WORKED = [
    [
        _worked("EOS", "0.2", "ended", 2),
        _worked("a", "0.7", "live"),
        _worked("b", "0.1", "dropped"),
    ],
    [
        _worked("a a", "0.7 × 0.5\n= 0.35", "live"),
        _worked("a b", "0.7 × 0.4\n= 0.28", "live"),
        _worked("a EOS", "0.7 × 0.1\n= 0.07", "dropped"),
    ],
    [
        _worked("a a a", "0.35 × 0.5\n= 0.175", "live"),
        _worked("a a b", "0.35 × 0.4\n= 0.14", "dropped"),
        _worked("a b EOS", "0.28 × 0.9\n= 0.252", "ended", 1),
        _worked("a b a", "0.28 × 0.05\n= 0.014", "dropped"),
    ],
]
WORKED_NOTES = ["live: 1\npool: 1", "live: 2\npool: 1", "live: 1\npool: 2"]


def worked_beam(steps: int) -> Picture:
    """The first steps, 1 to 3, of the worked example as a tree; after the last its answers."""
    rows = WORKED[:steps]
    if steps < len(WORKED):
        rows = [[replace(node, rank=0) for node in row] for row in rows]
    return _tree(rows, f"Beam width 2, after step {steps} of {len(WORKED)}", WORKED_NOTES)


def _tree(
    rows: Sequence[Sequence[Node]], title: str, notes: Sequence[str], rest: str = "not kept"
) -> Picture:
    """Draw each hypothesis below the one that it extends; each row is a step."""
    with mpl.rc_context(LOOK):
        sheet = Sheet(98 + ROW * len(rows))
        sheet.title(18, title)
        places: dict[tuple[str, ...], tuple[float, float]] = {(): (272, 39)}
        sheet.box(272, 48, "BOS", width=56, height=24)
        for step, row in enumerate(rows, 1):
            y = 36 + ROW * step
            sheet.text(10, y - 16, f"step {step}", ha="left", fontweight="bold")
            note = notes[step - 1]
            sheet.text(10, y - 4, note, ha="left", va="top", color=FAINT, linespacing=1.4)
            for place, node in enumerate(row):
                x = 68 + (WIDTH - 72) * (place + 0.5) / len(row)
                above = places.get(node.tokens[:-1])
                if above is not None:
                    dropped = node.kind == "dropped"
                    colour = KINDS["dropped"][1] if dropped else INK
                    start = (above[0], above[1] + (21 if step == 1 else 30))
                    sheet.arrow(start, (x, y - 31), colour=colour, dashed=dropped)
                places[node.tokens] = (x, y)
                _node(sheet, x, y, node)
        y = 36 + ROW * len(rows) + 48
        for x, kind in ((20, "live"), (86, "ended"), (200, "dropped")):
            sheet.box(x, y, colour=KINDS[kind], width=20, height=14, dashed=kind == "dropped")
            sheet.text(x + 16, y, {**NAMED, "dropped": rest}[kind], ha="left")
        if any(node.rank for row in rows for node in row):
            _badge(sheet, 346, y, "1")
            sheet.text(360, y, "place in result", ha="left")
        return sheet.picture(_in_words(rows, title, rest))


def _node(sheet: Sheet, x: float, y: float, node: Node) -> None:
    dropped = node.kind == "dropped"
    sheet.box(x, y, colour=KINDS[node.kind], width=92, height=58, dashed=dropped)
    lines = node.sum.count("\n") + 1
    shade = FAINT if dropped else INK
    word = node.tokens[-1]
    word = word if len(word) <= 11 else word[:10] + "…"
    top = y - 7.5 * lines
    sheet.text(x, top, word, fontweight="bold", fontsize=14, color=shade, zorder=4)
    sheet.text(x, top + 9 + 7.5 * lines, node.sum, color=shade, zorder=4)
    if node.rank:
        _badge(sheet, x + 43, y - 27, str(node.rank))


def _badge(sheet: Sheet, x: float, y: float, words: str) -> None:
    fill = (GREEN[1], GREEN[1])
    sheet.box(x, y, words, colour=fill, width=19, height=19, color=PAPER, fontweight="bold")


def _in_words(rows: Sequence[Sequence[Node]], title: str, rest: str) -> str:
    named = {**NAMED, "dropped": rest}
    parts = [f"{title}, as a tree."]
    for step, row in enumerate(rows, 1):
        told = [
            f"{' '.join(n.tokens)} ({n.sum.splitlines()[-1].strip('= ')}, {named[n.kind]})"
            for n in row
        ]
        parts.append(f"Step {step}: {'; '.join(told)}.")
    ranked = sorted((n for row in rows for n in row if n.rank), key=lambda node: node.rank)
    if ranked:
        parts.append(f"Result: {', '.join(' '.join(n.tokens) for n in ranked)}.")
    return " ".join(parts)


Ids = tuple[int, ...]
Seen = dict[Ids, list[float]]  # prefix, BOS included -> the log-probability of each next token
State = tuple[Tensor, Tensor]
Search = Callable[..., Sequence[Sequence[Any]]]  # tokens are the first of what it returns


class WatchedEncoder(nn.Module):
    """An encoder; the states that it returns say of which prefix they are, in one more number."""

    def __init__(self, encoder: nn.Module, prefixes: list[Ids]) -> None:
        super().__init__()
        self.encoder, self.prefixes = encoder, prefixes

    def forward(self, source: Tensor, source_lengths: Tensor) -> tuple[Tensor, State]:
        """Encode, and mark the states as those of the empty prefix."""
        outputs, (h, c) = self.encoder(source, source_lengths)
        self.prefixes.append(())
        marked = torch.full_like(h[..., :1], len(self.prefixes) - 1)  # (L, B, 1)
        return outputs, (torch.cat([h, marked], dim=-1), c)


class WatchedDecoder(nn.Module):
    """A decoder that notes which prefix each of its rows continues."""

    def __init__(self, decoder: nn.Module, prefixes: list[Ids], seen: Seen) -> None:
        super().__init__()
        self.decoder, self.prefixes, self.seen = decoder, prefixes, seen

    def forward(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Take one step, and mark the new states as those of the longer prefixes."""
        h, c = state
        parents = h[0, :, -1].round().long().tolist()
        logits, (new_h, new_c) = self.decoder(previous, (h[..., :-1].contiguous(), c))
        log_probs = logits.float().log_softmax(dim=1).tolist()  # (B, V)
        numbers = []
        for parent, token, after in zip(parents, previous.tolist(), log_probs, strict=True):
            prefix = (*self.prefixes[parent], token)
            self.prefixes.append(prefix)
            numbers.append(len(self.prefixes) - 1)
            self.seen.setdefault(prefix, after)
        marked = new_h.new_tensor(numbers)[None, :, None].expand(new_h.shape[0], -1, 1)
        return logits, (torch.cat([new_h, marked], dim=-1), new_c)


class Watched(nn.Module):
    """A model whose decoder notes what a search asks of it."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.seen: Seen = {}
        prefixes: list[Ids] = []  # by number, BOS included
        self.encoder = WatchedEncoder(model.encoder, prefixes)
        self.decoder = WatchedDecoder(model.decoder, prefixes, self.seen)
        self.pad_id, self.bos_id, self.eos_id = model.pad_id, model.bos_id, model.eos_id
        self.train(model.training)  # else the search would leave the model in another mode


def own_beam(
    search: Search,
    model: Any,
    source: Sequence[int],
    beam_width: int,
    max_length: int,
    length_penalty: float = 0.0,
    words: Sequence[str] = LETTERS,
) -> Picture:
    """Draw what your own beam search did with one sentence, as a tree.

    Args:
        search: your `beam_search`.
        model: the toy, or a translator.
        source: the ids of one sentence.
        words: what the target ids stand for.
    """
    watched = Watched(model)
    device = next(model.parameters()).device
    ids = torch.tensor([list(source)], device=device)
    lengths = torch.tensor([len(source)], device=device)
    (answers,) = search(watched, ids, lengths, beam_width, max_length, length_penalty)
    ranks = {tuple(map(int, answer[0])): place for place, answer in enumerate(answers, 1)}
    rows, notes = _rows(watched, ranks, words)
    return _tree(rows, f"Your beam, width {beam_width}", notes, "other candidates")


def _rows(
    watched: Watched, ranks: dict[Ids, int], words: Sequence[str]
) -> tuple[list[list[Node]], list[str]]:
    """For each step what was extended or returned and the best of the rest, and how many more."""
    totals: dict[Ids, float] = {(): 0.0}  # log-probabilities, of prefixes without BOS
    live = {prefix[1:]: log_probs for prefix, log_probs in watched.seen.items()}
    for prefix in sorted(live, key=len):
        for token, log_prob in enumerate(live[prefix]):
            if log_prob > -math.inf and prefix in totals:
                totals[(*prefix, token)] = totals[prefix] + log_prob
    rows: list[list[Node]] = []
    notes = []
    last: list[tuple[str, ...]] = []  # the hypotheses of the row above, from left to right
    for step in range(1, max(map(len, [*live, *ranks]), default=0) + 1):
        here = sorted((p for p in totals if len(p) == step), key=lambda p: -totals[p])
        kept = [prefix for prefix in here if prefix in live or prefix in ranks]
        rest = [prefix for prefix in here if prefix not in kept]
        shown = kept[:MOST_IN_A_ROW]
        shown += rest[: min(2, MOST_IN_A_ROW - len(shown))]
        nodes = []
        for prefix in shown:
            ended = prefix[-1] == watched.eos_id
            kind = "dropped" if prefix in rest else "ended" if ended else "live"
            named = tuple(words[token] for token in prefix)
            nodes.append(Node(named, f"{math.exp(totals[prefix]):.3g}", kind, ranks.get(prefix, 0)))
        order = {tokens: place for place, tokens in enumerate(last)}
        nodes.sort(key=lambda node, order=order: order.get(node.tokens[:-1], -1))
        last = [node.tokens for node in nodes]
        rows.append(nodes)
        more = len(kept) - MOST_IN_A_ROW
        notes.append(f"and {more}\nmore" if more > 0 else "")
    return rows, notes
