"""Probes of encoder and decoder: they set the weights, call the module, report what it gave.

Parameters are told apart by shape alone, so names, layout and initialisation stay free: a judge
who chooses distinct sizes knows the embedding by (V, E), what else has a row for every word as a
part of the output layer, and every other parameter as a part of the LSTM.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from .training_probes import *  # noqa: F403  the probe of train_step
from .training_probes import settings

Config = dict[str, Any]  # the keyword arguments of Encoder and Decoder
Filling = dict[str, Any]  # see `fill`


def role(shape: torch.Size, config: Config) -> str:
    """Tell what a parameter is for by its sizes."""
    V, E = config["vocab_size"], config["embedding_dim"]
    sizes = [size for size in shape if size != 1]
    if sorted(sizes) in (sorted([V, E]), sorted([V + 1, E])):  # a spare row does no harm
        return "embedding"
    if len(sizes) == 2 and V in sizes:
        return "output"  # of h, or of what a first of several layers makes of it
    if sizes == [V]:
        return "bias"
    if sizes == [E]:
        return "shift"  # of an embedding written as a linear layer
    return "lstm"


def oriented(table: Tensor, first: int) -> Tensor:
    """Drop sizes of 1 and turn a matrix so that its first size is `first`."""
    table = table.squeeze()
    return table if table.ndim < 2 or table.shape[0] == first else table.T


def fits(parameter: Tensor, table: Tensor) -> bool:
    """Whether a table is a parameter's, but for its orientation."""
    return parameter.numel() == table.numel()


def fill(module: nn.Module, config: Config, filling: Filling) -> None:
    """Set every parameter of a module.

    Args:
        filling: either `constant` (a number for all LSTM parameters) with the tensor `embedding`
            (V, E), or `seed` and `scale` for random weights. An output layer is random, unless
            `output` (V, H) and `bias` (V,) are given and fit.
    """
    generator = torch.Generator().manual_seed(filling.get("seed", 0))
    with torch.no_grad():
        for parameter in module.parameters():
            part = role(parameter.shape, config)
            if part == "shift":
                if not bool((parameter == 1).all()):  # the scale of a norm stays as it is
                    parameter.zero_()
            elif part in filling and (part != "output" or fits(parameter, filling[part])):
                first = next(size for size in parameter.shape if size != 1)
                table = filling[part]
                if parameter.numel() > table.numel():
                    table = torch.cat([table, torch.zeros_like(table[:1])])
                parameter.copy_(oriented(table, first).reshape(parameter.shape))
            elif "constant" in filling and part not in ("output", "bias"):
                parameter.fill_(filling["constant"])
            else:
                values = torch.randn(parameter.shape, generator=generator)
                parameter.copy_(filling.get("scale", 1.0) * values)


def build(make: Any, config: Config, filling: Filling, training: bool, *trial: Any) -> nn.Module:
    """Make a module, let lazy parameters take their shape from a trial call, fill it."""
    module = make(**config)
    if any(isinstance(p, nn.parameter.UninitializedParameter) for p in module.parameters()):
        module(*trial)
    fill(module, config, filling)
    return module.train(training)


def encode(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    batches: list[tuple[Tensor, Tensor]],
    training: bool = False,
    seed: int = 0,
) -> dict[str, Any]:
    """Encode (source, source_lengths) batches, one after another, with one encoder.

    Returns:
        results: what it returned; `batches`: what became of them; `weights`: how many its LSTM
        has; `training`: its mode afterwards; `reseeded`: whether torch has another seed.
    """
    with settings(seed):
        encoder = build(lesson.Encoder, config, filling, training, *batches[0])
        # each call gets tensors of its own: one that is overwritten spoils no later call
        given = [(source.clone(), lengths.clone()) for source, lengths in batches]
        started = torch.initial_seed()
        results = [encoder(source, lengths) for source, lengths in given]
        reseeded = torch.initial_seed() != started
    known = [p for p in encoder.parameters() if role(p.shape, config) == "lstm"]
    report = {"results": results, "batches": given, "weights": sum(p.numel() for p in known)}
    return {**report, "training": encoder.training, "reseeded": reseeded}


def encoder_gradients(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    source: Tensor,
    source_lengths: Tensor,
    real: Tensor,
    weights: dict[str, Tensor],
) -> dict[str, Any]:
    """Differentiate a weighted sum of outputs (at the `real` positions), of h, and of c."""
    with settings(0):
        encoder = build(lesson.Encoder, config, filling, True, source, source_lengths)
        outputs, (h, c) = encoder(source, source_lengths)
    totals = {
        "outputs": (outputs * weights["outputs"])[real].sum(),
        "h": (h * weights["h"]).sum(),
        "c": (c * weights["c"]).sum(),
    }
    nothing = 0.0 * torch.stack([*totals.values()]).sum()  # each total touches the whole graph
    return gradients(encoder, config, {name: total + nothing for name, total in totals.items()})


def decode(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    calls: list[tuple[Tensor, ...]],
    training: bool | list[bool] = False,
    seed: int = 0,
) -> dict[str, Any]:
    """Call one decoder with each (previous, h, c); (previous,) alone continues the last state.

    Args:
        training: train mode or eval mode, for all calls or for each.

    Returns:
        results: what it returned; `calls`: what became of its arguments; `parts`: the roles that
        its parameters have; `training`: whether it stays in train mode where it was put there;
        `reseeded`: whether torch has another seed.
    """
    with settings(seed):
        calls = [tuple(tensor.clone() for tensor in call) for call in calls]  # none shared
        first = (calls[0][0], (calls[0][1], calls[0][2]))
        modes = training if isinstance(training, list) else [training] * len(calls)
        decoder = build(lesson.Decoder, config, filling, modes[0], *first)
        results: list[Any] = []
        kept, started = True, torch.initial_seed()
        for mode, (previous, *given) in zip(modes, calls, strict=True):
            decoder.train(mode)
            state = (given[0], given[1]) if given else results[-1][1]
            results.append(decoder(previous, state))
            kept = kept and (decoder.training or not mode)
        reseeded = torch.initial_seed() != started
    parts = sorted({role(p.shape, config) for p in decoder.parameters()})
    report = {"results": results, "calls": calls, "parts": parts}
    return {**report, "training": kept, "reseeded": reseeded}


def decoder_gradients(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    previous: Tensor,
    h: Tensor,
    c: Tensor,
    weights: dict[str, Tensor],
) -> dict[str, Any]:
    """Differentiate a weighted sum of log-probabilities, of the new h, and of the new c."""
    h, c = h.requires_grad_(), c.requires_grad_()
    with settings(0):
        decoder = build(lesson.Decoder, config, filling, True, previous, (h, c))
        logits, (new_h, new_c) = decoder(previous, (h.clone(), c.clone()))  # as from an encoder
    totals = {
        "logits": (log_softmax(logits, dim=-1) * weights["logits"]).sum(),
        "h": (new_h * weights["h"]).sum(),
        "c": (new_c * weights["c"]).sum(),
    }
    nothing = 0.0 * torch.stack([*totals.values()]).sum()  # each total touches the whole graph
    totals = {name: total + nothing for name, total in totals.items()}
    return gradients(decoder, config, totals, h, c)


def by_word(table: Tensor, config: Config) -> Tensor:
    """A table with a row for every word: (V, E)."""
    table = table.squeeze()
    return (table if table.shape[1] == config["embedding_dim"] else table.T)[: config["vocab_size"]]


def gradients(
    module: nn.Module, config: Config, totals: dict[str, Tensor], *inputs: Tensor
) -> dict[str, Any]:
    """For each total its gradient with respect to the embedding and the inputs.

    Returns:
        `<total>`: a list, the embedding's gradient (V, E) first; None where none arrives.
        `reached`: how many LSTM weights have a non-zero gradient of the sum of all totals.
    """
    tables = [p for p in module.parameters() if role(p.shape, config) == "embedding"]
    lstm = [p for p in module.parameters() if role(p.shape, config) == "lstm"]
    found: dict[str, Any] = {}
    for name, total in totals.items():
        slopes = differentiate(total, [*tables, *inputs])
        of_tables = [g for g in slopes[: len(tables)] if g is not None]
        table = sum(by_word(g, config) for g in of_tables) if of_tables else None
        found[name] = [table, *slopes[len(tables) :]]
    slopes = differentiate(torch.stack([*totals.values()]).sum(), lstm)
    found["reached"] = sum(int((g != 0).sum()) for g in slopes if g is not None)
    return found


def differentiate(total: Tensor, leaves: Sequence[Tensor]) -> list[Tensor | None]:
    """The gradient with respect to each leaf, dense; None where none arrives."""
    leaves_used = [leaf for leaf in leaves if leaf.requires_grad]
    if not (total.requires_grad and leaves_used):
        return [None] * len(leaves)
    slopes = torch.autograd.grad(total, leaves_used, retain_graph=True, allow_unused=True)
    dense = iter(g.to_dense() if g is not None else None for g in slopes)
    return [next(dense) if leaf.requires_grad else None for leaf in leaves]
