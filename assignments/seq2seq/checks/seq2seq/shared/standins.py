"""Stand-in models for the checks: translators whose every step the judge knows.

A stand-in has the face of the lesson's `Seq2Seq` and none of its insides. Its encoder looks its
sentences up; its decoder is a table of logits or a small GRU. Both h and c of every layer enter
the logits, so a state that is lost, swapped or mixed up between rows shows in the tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

State = tuple[Tensor, Tensor]  # (h, c), each (layers, batch, hidden)

NEGLIGIBLE = -60.0  # the logit of PAD and BOS in random models: to forbid them changes nothing


NOTED = 12  # of a run's decoder calls so many are looked at closely
COLUMNS = 64  # a state with more than so many rows is not


class TooMuchWork(RuntimeError):
    """The decoder was asked for more rows than the judge allows."""


@dataclass
class Log:
    """What a stand-in saw while the student's code used it."""

    max_rows: int | None = None  # of the decoder, all calls together; None is no limit
    decoder_rows: int = 0
    unknown: int = 0  # rows whose real tokens are no sentence of the stand-in
    training: list[bool] = field(default_factory=list)  # each call of either module
    graph: list[bool] = field(default_factory=list)  # whether a decoder call's state had one
    # of the first `NOTED` decoder calls: the input, (batch,); where the h and the c came from,
    # "encoder h", "last c", "elsewhere"...; and `handed` in a word
    previous: list[Tensor] = field(default_factory=list)
    origins: list[tuple[str, str]] = field(default_factory=list)
    handed: list[str] = field(default_factory=list)
    states: dict[str, Tensor] = field(default_factory=dict)  # by the names used in `origins`
    # h and c one after the other, (2 * layers, batch, hidden): all that were given away
    encoded: list[Tensor] = field(default_factory=list)
    decoded: list[Tensor] = field(default_factory=list)

    def clear(self) -> None:
        """Forget everything but the limit."""
        self.decoder_rows = self.unknown = 0
        for seen in (self.previous, self.training, self.graph, self.origins, self.handed):
            seen.clear()
        self.encoded.clear()
        self.decoded.clear()
        self.states.clear()

    def origin(self, part: Tensor) -> str:
        """Name the tensor, out of those a stand-in gave away last, that this one equals."""
        for name, known in self.states.items():
            if known.shape == part.shape and torch.equal(known, part):
                return name
        return "elsewhere"

    def source(self, h: Tensor, c: Tensor) -> str:
        """Where the rows of a state come from.

        Returns:
            "encoder" or "decoder" if each row stands as a whole in a state that this one gave away;
            "mixed" if only its parts do, those of h and c of every layer, each for itself; else
            "elsewhere"; "unseen" if there are more rows than `COLUMNS`.
        """
        given = torch.cat([h, c])  # (2 * layers, rows, hidden)
        if given.shape[1] > COLUMNS:
            return "unseen"
        mixed = False
        for giver, known in (("encoder", self.encoded), ("decoder", self.decoded)):
            fitting = [k for k in known if k.shape[::2] == given.shape[::2]]
            if not fitting:
                continue
            there = torch.cat(fitting, 1)  # (2 * layers, rows known, hidden)
            same = (given[:, :, None] == there[:, None]).all(3)  # (2 * layers, rows, rows known)
            if same.all(0).any(1).all():
                return giver
            mixed = mixed or bool(same.any(2).all())
        return "mixed" if mixed else "elsewhere"


class StandIn(nn.Module):
    """A model with the attributes of `Seq2Seq`, made from plain values.

    Args:
        kind: "table" or "recurrent".
        pad_id, bos_id, eos_id: as in `Seq2Seq`.
        sources: the sentences the encoder knows, as lists of ids without padding.
        dropout: active in train mode only.
        max_rows: after so many decoder rows `TooMuchWork` is raised; None is no limit.
        values: what `TableDecoder` or `RecurrentDecoder` takes, and for "recurrent" the
            encoder's `h` and `c`, each (L, sources, H); for "table" `starts`, a node a source.
    """

    def __init__(
        self,
        *,
        kind: str,
        pad_id: int,
        bos_id: int,
        eos_id: int,
        sources: list[list[int]],
        dropout: float = 0.0,
        max_rows: int | None = None,
        **values: Any,
    ) -> None:
        super().__init__()
        self.pad_id, self.bos_id, self.eos_id = pad_id, bos_id, eos_id
        self.log = Log(max_rows)
        self.decoder: nn.Module
        if kind == "table":
            starts = torch.tensor(values.pop("starts"))  # (sources,)
            decoder = TableDecoder(**values, dropout=dropout, log=self.log)
            h, c = decoder.state_of(starts)
            self.decoder = decoder
        else:
            h, c = values.pop("h"), values.pop("c")
            self.decoder = RecurrentDecoder(**values, dropout=dropout, log=self.log)
        self.encoder = LookupEncoder(sources, h, c, dropout, self.log)


class LookupEncoder(nn.Module):
    """Knows the state of each of its sentences by heart; trainable as any parameter."""

    def __init__(
        self, sources: list[list[int]], h: Tensor, c: Tensor, dropout: float, log: Log
    ) -> None:
        super().__init__()
        unknown = h.new_zeros(h.shape[0], 1, h.shape[2])
        self.h = nn.Parameter(torch.cat([h, unknown], 1))  # (layers, sources + 1, hidden)
        self.c = nn.Parameter(torch.cat([c, unknown], 1))  # (layers, sources + 1, hidden)
        self._rows = {tuple(source): row for row, source in enumerate(sources)}
        self._dropout = dropout
        self._log = log

    def forward(self, source: Tensor, source_lengths: Tensor) -> tuple[Tensor, State]:
        """Return outputs (B, S, H) and the state (h, c), each (L, B, H)."""
        lengths = torch.as_tensor(source_lengths).tolist()
        if source.dim() != 2 or len(lengths) != source.shape[0]:
            raise ValueError(
                "model.encoder expects source (B, S) and source_lengths (B,), got "
                f"{tuple(source.shape)} and {len(lengths)} lengths"
            )
        known = [
            self._rows.get(tuple(row[:length]), -1)
            for row, length in zip(source.tolist(), lengths, strict=True)
        ]
        if unknown := known.count(-1):
            self._log.unknown += unknown
            pairs = zip(known, source.tolist(), strict=True)
            known = [self._likeliest(words) if row < 0 else row for row, words in pairs]
        self._log.training.append(self.training)
        rows = torch.tensor(known, dtype=torch.int64, device=self.h.device)  # (batch,)
        h, c = self.h.index_select(1, rows), self.c.index_select(1, rows)
        h = F.dropout(h, self._dropout, self.training)
        self._log.states.update({"encoder h": h.detach().clone(), "encoder c": c.detach().clone()})
        self._log.encoded.append(torch.cat([h, c]).detach())
        return h[-1][:, None].repeat(1, source.shape[1], 1), (h, c)

    def _likeliest(self, words: list[int]) -> int:
        """The longest sentence that the words begin with: what was meant if lengths are wrong.

        So whoever gets the lengths wrong is told so, and judged by the right translations.
        """
        prefixes = (tuple(words[:length]) for length in range(len(words), 0, -1))
        return next((self._rows[p] for p in prefixes if p in self._rows), len(self._rows))


class TableDecoder(nn.Module):
    """Walks a graph: a node and a token lead to a node, which has its logits.

    Args:
        logits: (N, V), float32; -inf is allowed.
        children: (N, V) int64, the node after a node and a token.
        offset: (V,), added to all logits after this token; no probability changes. Or None.
    """

    layers = 2
    hidden = 3

    def __init__(
        self,
        logits: Tensor,
        children: Tensor,
        dropout: float,
        log: Log,
        offset: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)  # (nodes, vocabulary)
        self.register_buffer("after", children)  # (nodes, vocabulary)
        self.offset: Tensor
        self.after: Tensor
        self.register_buffer("offset", torch.zeros(logits.shape[1]) if offset is None else offset)
        self._dropout = dropout
        self._log = log

    def state_of(self, nodes: Tensor) -> State:
        """Write nodes (B,) into a state: each of h and c of each layer in its own code."""
        codes = torch.arange(2 * self.layers, device=nodes.device) * self.logits.shape[0]
        written = (nodes + codes[:, None]).float()[:, :, None]  # (2 * layers, batch, 1)
        written = written.repeat(1, 1, self.hidden)
        return written[: self.layers], written[self.layers :]

    def forward(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Return logits (B, V) and the new state."""
        see(self._log, self, previous, state)
        size = self.logits.shape[0]
        copies = torch.cat(state).mean(2).nan_to_num()  # (2 * layers, batch)
        codes = torch.arange(copies.shape[0], device=copies.device)[:, None] * size
        nodes = (copies - codes).round().clamp(0, size - 1).long()  # (2 * layers, batch)
        nodes = F.embedding(nodes, self.after).gather(  # (2 * layers, batch)
            2, previous.long().expand(len(nodes), -1)[:, :, None]
        )[:, :, 0]
        # a right state has all copies equal, and the mean is one row of the table
        logits = self.logits[nodes].double().mean(0)  # (batch, vocabulary)
        logits = logits + self.offset[previous][:, None]
        if self._dropout and self.training:
            logits = logits + torch.randn_like(logits) * 100 * self._dropout
        h, c = self.state_of(nodes.float().mean(0))
        remember(self._log, h, c)
        return logits.to(state[0].dtype), (h, c)


class RecurrentDecoder(nn.Module):
    """Stacked GRU cells whose hidden vector is shared out between h and c.

    It reckons in float64 and answers in float32, so a row's answer does not depend, to the bit,
    on the batch around it. The weights in float64 are kept while they are what they were.

    Args:
        weights: embedding (V, E), output (V, 2H), bias (V,) and for each layer from 0
            input_weight_<l> (6H, E or 2H), hidden_weight_<l> (6H, 2H), input_bias_<l> (6H,),
            hidden_bias_<l> (6H,), float32.
        offset: as in `TableDecoder`.
    """

    def __init__(
        self,
        weights: dict[str, Tensor],
        dropout: float,
        log: Log,
        offset: Tensor | None = None,
    ) -> None:
        super().__init__()
        for name, value in weights.items():
            self.register_parameter(name, nn.Parameter(value))
        self.embedding: nn.Parameter
        self.output: nn.Parameter
        self.bias: nn.Parameter
        bias = weights["bias"]
        self.offset: Tensor
        self.register_buffer("offset", torch.zeros_like(bias) if offset is None else offset)
        self._layers = sum(name.startswith("input_weight") for name in weights)
        self._dropout = dropout
        self._log = log
        self._doubled: dict[str, tuple[tuple[Any, ...], Tensor]] = {}  # weight -> of which, float64

    def forward(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Return logits (B, V) and the new state."""
        see(self._log, self, previous, state)
        h, c = state
        x = F.embedding(previous, self.embedding).double()  # (batch, embedding)
        x = F.dropout(x, self._dropout, self.training)
        hiddens = []
        for layer in range(self._layers):
            hidden = torch.cat([h[layer], c[layer]], 1).double()  # (batch, 2 * hidden)
            x = torch.gru_cell(x, hidden, *self._cell(layer))
            hiddens.append(x)
        new_h, new_c = torch.stack(hiddens).to(h.dtype).chunk(2, dim=2)  # (layers, batch, hidden)
        logits = x @ self._double("output").T + self._double("bias")  # (batch, vocabulary)
        logits = logits + self.offset[previous][:, None]
        new_h, new_c = new_h.contiguous(), new_c.contiguous()
        remember(self._log, new_h, new_c)
        return logits.to(h.dtype), (new_h, new_c)

    def _cell(self, layer: int) -> list[Tensor]:
        names = ("input_weight", "hidden_weight", "input_bias", "hidden_bias")
        return [self._double(f"{name}_{layer}") for name in names]

    def _double(self, name: str) -> Tensor:
        weight = self.get_parameter(name)
        if torch.is_grad_enabled() or weight.is_inference():
            return weight.double()
        state = (weight.data_ptr(), weight._version, weight.dtype, weight.device)
        if self._doubled.get(name, ((), weight))[0] != state:
            self._doubled[name] = state, weight.double()
        return self._doubled[name][1]


def see(log: Log, decoder: nn.Module, previous: Tensor, state: State) -> None:
    """Note a decoder call, and refuse one whose parts do not fit together."""
    h, c = state
    if previous.dim() != 1 or h.shape != c.shape or h.dim() != 3 or h.shape[1] != len(previous):
        raise ValueError(
            "model.decoder expects previous (B,) and a state of two tensors (L, B, H), got "
            f"{tuple(previous.shape)}, {tuple(h.shape)} and {tuple(c.shape)}"
        )
    log.decoder_rows += len(previous)
    if log.max_rows is not None and log.decoder_rows > log.max_rows:
        raise TooMuchWork(f"model.decoder was given more than {log.max_rows} rows in all")
    log.training.append(decoder.training)
    log.graph.append(h.requires_grad or c.requires_grad)
    if len(log.previous) < NOTED:
        log.previous.append(previous.detach().clone())
        log.origins.append((log.origin(h), log.origin(c)))
        log.handed.append(log.source(h, c))


def remember(log: Log, h: Tensor, c: Tensor) -> None:
    """Note the state that a decoder call gives away, if the next call is looked at."""
    if len(log.previous) < NOTED:
        log.states.update({"last h": h.detach().clone(), "last c": c.detach().clone()})
        log.decoded.append(torch.cat([h, c]).detach())


def random_model(
    generator: torch.Generator,
    sources: list[list[int]],
    vocab_size: int,
    specials: tuple[int, int, int],
    embedding_dim: int = 8,
    hidden_dim: int = 16,
    scale: float = 4.0,
    eos_bonus: float = 0.0,
) -> dict[str, Any]:
    """Draw the arguments of a recurrent `StandIn` with two layers.

    Weights are `scale` times what a fresh layer would have: those of a fresh layer make a model
    that says the same whatever it is given. `specials` are pad_id, bos_id, eos_id; PAD and BOS
    get a negligible probability; `eos_bonus` is added to the logit of EOS.
    """

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    layers, width = 2, 2 * hidden_dim
    weights = {"embedding": draw(vocab_size, embedding_dim)}
    for layer in range(layers):
        inputs = width if layer else embedding_dim
        weights[f"input_weight_{layer}"] = draw(3 * width, inputs) * scale / (3 * inputs) ** 0.5
        weights[f"hidden_weight_{layer}"] = draw(3 * width, width) * scale / (3 * width) ** 0.5
        weights[f"input_bias_{layer}"] = draw(3 * width) * 0.1
        weights[f"hidden_bias_{layer}"] = draw(3 * width) * 0.1
        weights[f"hidden_bias_{layer}"][width : 2 * width] -= 1.0  # forget more than keep
    weights["output"] = draw(vocab_size, width) * scale / (3 * width) ** 0.5
    weights["bias"] = draw(vocab_size) * 0.1
    pad_id, bos_id, eos_id = specials
    weights["output"][[pad_id, bos_id]] = 0.0
    weights["bias"][[pad_id, bos_id]] = NEGLIGIBLE
    weights["bias"][eos_id] += eos_bonus
    return {
        "kind": "recurrent",
        "pad_id": pad_id,
        "bos_id": bos_id,
        "eos_id": eos_id,
        "sources": sources,
        "weights": weights,
        "h": draw(layers, len(sources), hidden_dim).tanh(),
        "c": draw(layers, len(sources), hidden_dim).tanh(),
    }
