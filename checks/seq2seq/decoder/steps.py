"""What a step gives when all weights of the LSTM are one number, by hand, and why others differ.

A decoder is read as the words that it takes in, the state that it starts from, its cell, and the
state that it hands back: each may be right, or a known mistake. With all weights alike a step is a
few lines of arithmetic, so that every combination can be tried, and what is found is charged where
it belongs: one mistake does not hide another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .forms import Slip

Pair = tuple[Tensor, Tensor]
NOTHING: tuple[Slip, ...] = ()

FROM_PAIR = "the LSTM starts from the pair (h, c) that is given; what it ends with goes back"
AS_IT_IS = "the LSTM reads the embedding of previous as it is"
STARTS = (
    "every layer starts from its own h and c: pass the whole (h, c) to the LSTM, as it was given"
)
FORMULA = (
    "i, f, o = sigmoid(z) and g = tanh(z), c' = f * c + i * g, h' = o * tanh(c'): z reads the "
    "embedding of previous and the h that is given, both as they are"
)
NEW_H = "the new c is right, and the new h is not"
LAYERS = (
    "each layer above the first reads the new h of the layer below, and starts from its own h and c"
)

IGNORED = Slip("the embedding of previous is not used", AS_IT_IS, "input", 1.0)
NORMALISED = Slip("there is a normalisation between embedding and LSTM", AS_IT_IS, "input", 0.63)
UNUSED = Slip("the state your decoder is given is not used", FROM_PAIR, "state_in", 1.0)
UNMOVED = Slip(
    "your decoder returns the state it was given, not the new one", FROM_PAIR, "state_out", 1.0
)
BOTH_WAYS = Slip(
    "h and c are swapped on their way in and on their way out", FROM_PAIR, "state_in", 0.62
)
SWAPPED_IN = Slip("h and c are swapped before they enter the LSTM", FROM_PAIR, "state_in", 0.7)
SWAPPED_OUT = Slip("the new h and c are returned in the wrong order", FROM_PAIR, "state_out", 0.7)


class Step(NamedTuple):
    """A step: the new h and c of every layer (..., L, B, H), and what is on top (..., B, H)."""

    h: Tensor
    c: Tensor
    top: Tensor


class Reading(NamedTuple):
    """A decoder as one combination of parts, all of whose states were answered."""

    slips: tuple[Slip, ...]
    step: Step  # what it has inside, whatever it hands back


def words_read(table: Tensor, previous: Tensor) -> dict[str, tuple[Tensor, tuple[Slip, ...]]]:
    """By name: the sum over an embedding's units that enters the gates, (B,), and what is wrong."""
    embedded = table.double()[previous]  # (B, E)

    def bent(name: str) -> tuple[Slip, ...]:
        return (Slip(f"there is a {name} between embedding and LSTM", AS_IT_IS, "input", 0.63),)

    short = Slip(
        "the last word is read as another one",
        "every id below vocab_size has an embedding of its own, and none is special",
        "input",
        0.35,
    )
    scaled = Slip("the embedding is scaled before the LSTM", AS_IT_IS, "input", 0.5)
    total = embedded.sum(1)
    V, E = table.shape
    norm = embedded.norm(dim=1, keepdim=True).clamp(min=1e-12)
    read = {
        "as they are": (total, NOTHING),
        "not at all": (0 * total, (IGNORED,)),
        "relu": (embedded.relu().sum(1), bent("ReLU")),
        "tanh": (embedded.tanh().sum(1), bent("tanh")),
        "sigmoid": (embedded.sigmoid().sum(1), bent("sigmoid")),
        "normalised": ((embedded / norm).sum(1), bent("normalisation")),
        "times root": (total * E**0.5, (scaled,)),
        "last clamped": (table.double()[previous.clamp(max=V - 2)].sum(1), (short,)),
        "last wraps": (table.double()[previous % (V - 1)].sum(1), (short,)),
    }
    for word in range(V):  # the same one always
        same = table.double()[word].sum().expand_as(total)
        read[f"always {word}"] = (same, (IGNORED,))
    return read


def starts(h: Tensor, c: Tensor) -> dict[str, tuple[Pair, tuple[Slip, ...]]]:
    """By name: the state that the LSTM starts from, given h and c (L, B, H), and what is wrong."""

    def layer(k: int, x: Tensor) -> Tensor:
        return x[k].expand_as(x)

    def only(k: int, x: Tensor) -> Tensor:
        kept = torch.zeros_like(x)
        kept[k] = x[k]
        return kept

    def slip(says: str, share: float, help: str = FROM_PAIR) -> tuple[Slip, ...]:
        return (Slip(says, help, "state_in", share),)

    no_h, no_c = torch.zeros_like(h), torch.zeros_like(c)
    one_layer = "all layers start from one layer's state"
    upside_down = "the layers of the state are in the wrong order"
    order = "layer 0 reads the embedding"
    others = "some layers start from zero, not from the state that is given"
    detour = "the state that is given is changed before it enters the LSTM"
    return {
        "as it is given": ((h, c), NOTHING),
        "swapped": ((c, h), (SWAPPED_IN,)),
        "nothing": ((no_h, no_c), (UNUSED,)),
        "h alone": ((h, no_c), slip("the cell state your decoder is given is not used", 0.75)),
        "c alone": ((no_h, c), slip("the hidden state your decoder is given is not used", 0.9)),
        "h twice": ((h, h), slip("the hidden state is used as cell state", 0.73)),
        "c twice": ((c, c), slip("the cell state is used as hidden state, too", 0.73)),
        "c as h": ((c, no_c), slip("h and c are swapped before they enter the LSTM", 0.9)),
        "h as c": ((no_h, h), slip("h and c are swapped before they enter the LSTM", 0.9)),
        "upside down": ((h.flip(0), c.flip(0)), slip(upside_down, 0.6, order)),
        "h upside down": ((h.flip(0), c), slip(upside_down, 0.45, order)),
        "c upside down": ((h, c.flip(0)), slip(upside_down, 0.45, order)),
        "bottom": ((layer(0, h), layer(0, c)), slip(one_layer, 0.66, STARTS)),
        "top": ((layer(-1, h), layer(-1, c)), slip(one_layer, 0.66, STARTS)),
        "bottom h": ((layer(0, h), c), slip(one_layer, 0.5, STARTS)),
        "bottom c": ((h, layer(0, c)), slip(one_layer, 0.5, STARTS)),
        "top h": ((layer(-1, h), c), slip(one_layer, 0.5, STARTS)),
        "top c": ((h, layer(-1, c)), slip(one_layer, 0.5, STARTS)),
        "bottom only": ((only(0, h), only(0, c)), slip(others, 0.66, STARTS)),
        "top only": ((only(-1, h), only(-1, c)), slip(others, 0.66, STARTS)),
        "tanh of c": ((h, c.tanh()), slip(detour, 0.6, STARTS)),
        "tanh of h": ((h.tanh(), c), slip(detour, 0.5, STARTS)),
        "half": ((h / 2, c / 2), slip(detour, 0.5, STARTS)),
        "negative": ((-h, -c), slip(detour, 0.6, STARTS)),
    }


# one layer: new h and c from z (..., B, 1), what else the weights read, h and c (..., B, H)
Cell = Callable[[Tensor, Tensor, Tensor, float], Pair]


def _cells() -> dict[str, tuple[Cell, tuple[Slip, ...]]]:
    def sig(z: Tensor) -> Tensor:
        return z.sigmoid()

    def cell(c_of: Callable[[Tensor, Tensor], Tensor]) -> Cell:
        def step(z: Tensor, h: Tensor, c: Tensor, value: float) -> Pair:
            new = c_of(z, c)
            return sig(z) * new.tanh(), new.expand_as(c)

        return step

    def right_c(z: Tensor, c: Tensor) -> Tensor:
        return sig(z) * c + sig(z) * z.tanh()

    def hidden(h_of: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Cell:
        def step(z: Tensor, h: Tensor, c: Tensor, value: float) -> Pair:
            new = right_c(z, c)
            return h_of(z, new, c).expand_as(c), new

        return step

    def peephole(z: Tensor, h: Tensor, c: Tensor, value: float) -> Pair:
        return plain(z + value * c.sum(-1, keepdim=True), h, c, value)

    def gru(z: Tensor, h: Tensor, c: Tensor, value: float) -> Pair:
        return _gru(z, h, value), c

    def gru_twice(z: Tensor, h: Tensor, c: Tensor, value: float) -> Pair:
        new = _gru(z, h, value)
        return new, new

    def _gru(z: Tensor, h: Tensor, value: float) -> Tensor:
        of_h = value * h.sum(-1, keepdim=True) + value  # hidden bias, of two
        gate = sig(z)
        candidate = (z - of_h + gate * of_h).tanh()
        return (1 - gate) * candidate + gate * h

    def rnn(z: Tensor, h: Tensor, c: Tensor, value: float) -> Pair:
        return z.tanh().expand_as(h), c

    def rnn_twice(z: Tensor, h: Tensor, c: Tensor, value: float) -> Pair:
        new = z.tanh().expand_as(h)
        return new, new

    plain = cell(right_c)

    def of_c(share: float = 0.95) -> tuple[Slip, ...]:
        return (Slip("the new c is not an LSTM's", FORMULA, "state_out", share),)

    def of_h(share: float = 0.9) -> tuple[Slip, ...]:
        return (Slip(NEW_H, "h' = o * tanh(c'), made of the new c'", "state_out", share),)

    second = "an LSTM, unlike a GRU, has a second state: c' = f * c + i * g"
    other = (
        Slip("c comes back as it was given", second, "state_in", 1.0),
        Slip("c comes back as it was given", second, "state_out", 1.0),
    )
    two = "an LSTM, unlike a GRU, has two"
    same = (
        Slip("the same comes back as h and as c", two, "state_in", 1.0),
        Slip("the same comes back as h and as c", two, "state_out", 1.0),
    )
    squashed = of_c(0.6)
    return {
        "plain": (plain, NOTHING),
        "no forget gate": (cell(lambda z, c: c + sig(z) * z.tanh()), of_c()),
        "no input gate": (cell(lambda z, c: sig(z) * c + z.tanh()), of_c()),
        "coupled gates": (cell(lambda z, c: sig(z) * c + (1 - sig(z)) * z.tanh()), of_c()),
        "coupled to input": (cell(lambda z, c: (1 - sig(z)) * c + sig(z) * z.tanh()), of_c()),
        "added": (cell(lambda z, c: sig(z) * c + sig(z) + z.tanh()), of_c(1.0)),
        "sigmoid candidate": (cell(lambda z, c: sig(z) * c + sig(z) * sig(z)), of_c(1.0)),
        "linear candidate": (cell(lambda z, c: sig(z) * c + sig(z) * z), of_c()),
        "relu candidate": (cell(lambda z, c: sig(z) * c + sig(z) * z.relu()), of_c()),
        "minus": (cell(lambda z, c: sig(z) * c - sig(z) * z.tanh()), of_c(1.0)),
        "old c forgotten": (cell(lambda z, c: (sig(z) * z.tanh()).expand_as(c)), of_c(1.0)),
        "tanh forget gate": (cell(lambda z, c: z.tanh() * c + sig(z) * z.tanh()), of_c()),
        "tanh input gate": (cell(lambda z, c: sig(z) * c + z.tanh() * z.tanh()), of_c()),
        "squashed twice": (cell(lambda z, c: sig(z) * c + sig(z.tanh()) * z.tanh()), squashed),
        "forgets squashed": (cell(lambda z, c: sig(z.tanh()) * c + sig(z) * z.tanh()), squashed),
        "of old c": (hidden(lambda z, new, c: sig(z) * c.tanh()), of_h(1.0)),
        "without tanh": (hidden(lambda z, new, c: sig(z) * new), of_h(0.8)),
        "without gate": (hidden(lambda z, new, c: new.tanh()), of_h(0.9)),
        "sigmoid of c": (hidden(lambda z, new, c: sig(z) * sig(new)), of_h()),
        "tanh gate": (hidden(lambda z, new, c: z.tanh() * new.tanh()), of_h()),
        "relu of c": (hidden(lambda z, new, c: sig(z) * new.relu()), of_h()),
        "late peephole": (hidden(lambda z, new, c: (sig(z) + new) * new.tanh()), of_h()),
        "output squashed": (hidden(lambda z, new, c: sig(z.tanh()) * new.tanh()), of_h(0.6)),
        "peephole": (
            peephole,
            (Slip("the gates read the cell state too", FORMULA, "state_out", 0.9),),
        ),
        "GRU": (gru, other),
        "GRU twice": (gru_twice, same),
        "RNN": (rnn, other),
        "RNN twice": (rnn_twice, same),
    }


CELLS = _cells()


def _wirings() -> dict[str, tuple[Slip, ...]]:
    higher = "with known weights, the lowest layer's new state is right, a higher layer's is not"

    def slip(share: float) -> tuple[Slip, ...]:
        return (Slip(higher, LAYERS, "state_out", share),)

    alone = "only one layer takes a step: the others' state comes back as it was"
    return {
        "new h": NOTHING,
        "old h": slip(1.0),
        "new c": slip(0.85),
        "residual": (
            Slip(
                "each layer's h is added to what the layer below gave: higher layers read more, "
                "and logits depend on the h of the layers below too",
                LAYERS,
                "state_out",
                0.7,
            ),
        ),
        "first h": slip(0.45),
        "nothing": slip(1.0),
        "first alone": (
            Slip(alone, LAYERS, "state_in", 0.8),
            Slip(alone, LAYERS, "state_out", 0.5),
        ),
    }


WIRINGS = _wirings()


def run(
    value: float,
    biases: int,
    words: Tensor,
    h: Tensor,
    c: Tensor,
    cell: Cell,
    wiring: str = "new h",
) -> Step:
    """One step of all layers, from the sum of the embedding's units (..., B), h and c
    (..., L, B, H)."""
    new_h: list[Tensor] = []
    new_c: list[Tensor] = []
    total = words[..., None]  # what enters a layer, summed over its units: (..., B, 1)
    entered = torch.zeros_like(total)
    top = h[..., 0, :, :]
    for layer in range(h.shape[-3]):
        old_h, old_c = h[..., layer, :, :], c[..., layer, :, :]
        if wiring == "first alone" and layer:
            new_h.append(old_h)
            new_c.append(old_c)
            continue
        z = value * (total + old_h.sum(-1, keepdim=True)) + value * biases
        one, two = cell(z, old_h, old_c, value)
        new_h.append(one)
        new_c.append(two)
        top = one
        if wiring == "old h":
            total = old_h.sum(-1, keepdim=True)
        elif wiring == "new c":
            total = two.sum(-1, keepdim=True)
        elif wiring == "residual":  # from the second layer on both have the size of h
            entered = entered + one.sum(-1, keepdim=True)
            total = entered
        elif wiring == "first h":
            total = new_h[0].sum(-1, keepdim=True)
        elif wiring == "nothing":
            total = torch.zeros_like(total)
        else:
            total = one.sum(-1, keepdim=True)
    if wiring == "residual":
        top = torch.stack(new_h).sum(0)
    return Step(torch.stack(new_h, -3), torch.stack(new_c, -3), top)


Hands = Callable[[Step, Tensor, Tensor], Pair]


def _hands() -> dict[str, tuple[Hands, tuple[Slip, ...]]]:
    def slip(says: str, share: float, help: str = FROM_PAIR) -> tuple[Slip, ...]:
        return (Slip(says, help, "state_out", share),)

    upside_down = slip(
        "the layers of the state are in the wrong order", 0.6, "layer 0 reads the embedding"
    )
    scrambled = slip(
        "the numbers in the new state are right, but they stand in the wrong places",
        0.95,
        "view and reshape do not swap dimensions: transpose(0, 1) does",
    )
    top = slip(
        "the top layer's new state comes back for every layer", 0.75, "return every layer's own"
    )
    zeros = slip("the state that comes back is zero", 1.0)

    def reshaped(x: Tensor) -> Tensor:
        *more, L, B, H = x.shape
        return x.reshape(*more, B, L, H).transpose(-3, -2)

    def of_top(x: Tensor) -> Tensor:
        return x[..., -1:, :, :].expand_as(x)

    return {
        "new": (lambda s, h, c: (s.h, s.c), NOTHING),
        "swapped": (lambda s, h, c: (s.c, s.h), (SWAPPED_OUT,)),
        "old": (lambda s, h, c: (h, c), (UNMOVED,)),
        "old c": (lambda s, h, c: (s.h, c), slip("the new h comes back with the old c", 0.77)),
        "old h": (lambda s, h, c: (h, s.c), slip("the new c comes back with the old h", 0.8)),
        "h twice": (
            lambda s, h, c: (s.h, s.h),
            slip("the new h comes back twice, as h and as c", 0.75),
        ),
        "c twice": (
            lambda s, h, c: (s.c, s.c),
            slip("the new c comes back twice, as h and as c", 0.75),
        ),
        "old h twice": (lambda s, h, c: (h, h), (UNMOVED,)),
        "old swapped": (lambda s, h, c: (c, h), (UNMOVED,)),
        "upside down": (lambda s, h, c: (s.h.flip(-3), s.c.flip(-3)), upside_down),
        "top": (lambda s, h, c: (of_top(s.h), of_top(s.c)), top),
        "reshaped": (lambda s, h, c: (reshaped(s.h), reshaped(s.c)), scrambled),
        "top new": (
            lambda s, h, c: tuple(
                torch.cat([old.expand_as(x)[..., :-1, :, :], x[..., -1:, :, :]], -3)
                for x, old in ((s.h, h), (s.c, c))
            ),
            slip("the top layer's new state alone comes back", 0.75, "return every layer's"),
        ),
        "zero h": (lambda s, h, c: (0 * s.h, s.c), zeros),
        "zero c": (lambda s, h, c: (s.h, 0 * s.c), zeros),
        "zeros": (lambda s, h, c: (0 * s.h, 0 * s.c), zeros),
        "tanh of c": (
            lambda s, h, c: (s.h, s.c.tanh()),
            slip("a tanh is on the new c that comes back", 0.6),
        ),
    }


HANDS = _hands()
NO_BIAS = Slip("the LSTM has no bias", "one or two bias vectors are asked for", "state_out", 0.4)
BIASES = {2: NOTHING, 1: NOTHING, 0: (NO_BIAS,)}


OFTEN = ("new", "swapped", "old c", "old h", "h twice", "c twice")
RARE = {f"always {word}" for word in range(1, 100)}  # tried with the right start alone
FEW = 5  # rows that are enough to tell combinations apart
# words, start, cell, wiring, biases, hands: names of the parts, and how many bias vectors
Recipe = tuple[str, str, str, str, int, str]


def readings(
    state: Pair,
    call: tuple[Tensor, ...],
    table: Tensor,
    value: float,
    atol: float = 1e-5,
) -> list[Reading]:
    """All combinations that give the state that came back, the fewest and cheapest mistakes first.

    Args:
        state: the h and c that came back, (L, B, H).
        call: previous, h and c.
        table: the embedding (V, E).
        value: of every weight of the LSTM.
    """
    came = tuple(part.double() for part in state)
    h, c = call[1].double(), call[2].double()
    few = (call[0][:FEW], h[:, :FEW], c[:, :FEW])
    # once for all combinations: of a state that comes back as it was, there are thousands
    words, began = words_read(table, call[0]), starts(h, c)
    found = []
    for recipe in _combinations((came[0][:, :FEW], came[1][:, :FEW]), few, table, value, atol):
        reading, hands = _made(recipe, (h, c), words, began, value)
        pairs = zip(hands, came, strict=True)
        if len(call[0]) <= FEW or all(bool(_near(one, two, atol)) for one, two in pairs):
            found.append(reading)
    found.sort(key=lambda one: (len({s.says for s in one.slips}), sum(s.share for s in one.slips)))
    return found


def _made(
    recipe: Recipe,
    given: Pair,
    words: Mapping[str, tuple[Tensor, tuple[Slip, ...]]],
    began: Mapping[str, tuple[Pair, tuple[Slip, ...]]],
    value: float,
) -> tuple[Reading, Pair]:
    """One combination: what it has inside, and what it hands back.

    Args:
        words, began: what `words_read` and `starts` gave for the call.
    """
    word, start, cell, wiring, biases, hands = recipe
    total, of_words = words[word]
    (first_h, first_c), of_start = began[start]
    step = run(value, biases, total, first_h, first_c, CELLS[cell][0], wiring)
    slips = (*of_words, *of_start, *CELLS[cell][1], *WIRINGS[wiring], *BIASES[biases])
    slips += HANDS[hands][1]
    return Reading(_joined(slips), step), HANDS[hands][0](step, *given)


def _combinations(
    state: Pair, call: tuple[Tensor, ...], table: Tensor, value: float, atol: float
) -> Iterator[Recipe]:
    """Words, start and hands in any combination, else other cells, of which less is tried."""
    previous, h, c = call
    words = words_read(table, previous)
    began = starts(h, c)
    several = [(word, start) for word in words for start in began]
    several = [(word, start) for word, start in several if word not in RARE or not began[start][1]]
    one_off = [(word, start) for word, start in several if not (words[word][1] and began[start][1])]
    usual = [("plain", "new h")]
    others = [("plain", wiring) for wiring in WIRINGS if wiring != "new h" and len(h) > 1]
    others += [(name, "new h") for name in CELLS if name != "plain"]
    found = False
    for shapes, inputs in ((usual, several), (others, one_off)):
        if found:
            return
        totals = torch.stack([words[word][0] for word, _ in inputs])  # (n, B)
        first_h = torch.stack([began[start][0][0] for _, start in inputs])  # (n, L, B, H)
        first_c = torch.stack([began[start][0][1] for _, start in inputs])
        for biases in BIASES if shapes is usual else (2, 1):
            for cell, wiring in shapes:
                step = run(value, biases, totals, first_h, first_c, CELLS[cell][0], wiring)
                for name, (hands, _) in HANDS.items():
                    if shapes is not usual and name not in OFTEN:
                        continue
                    given_h, given_c = hands(step, h, c)
                    fits = _near(given_h, state[0], atol)
                    if not bool(fits.any()):
                        continue
                    fits = fits & _near(given_c, state[1], atol)
                    for n in fits.expand(len(inputs)).nonzero().flatten().tolist():
                        found = True
                        yield (*inputs[n], cell, wiring, biases, name)


def _near(one: Tensor, other: Tensor, atol: float) -> Tensor:
    """Which combinations (n,) agree with what came back; one alone stands for all."""
    near = (one - other).abs() <= atol + 1e-5 * other.abs()
    return near.flatten(-3).all(-1)


def _joined(slips: tuple[Slip, ...]) -> tuple[Slip, ...]:
    """Mistakes, of which one seen twice is one."""
    if SWAPPED_IN in slips and SWAPPED_OUT in slips:
        rest = [s for s in slips if s not in (SWAPPED_IN, SWAPPED_OUT)]
        return (BOTH_WAYS, *rest)
    return slips


def filling_of(table: Tensor, value: float) -> dict[str, Any]:
    """The weights that make a decoder one of these."""
    return {"constant": value, "embedding": table}
