"""Parameters of an encoder or decoder: told apart, set, and their gradients read.

Parameters are told apart by shape alone, so names, layout and initialisation stay free: a judge
who chooses distinct sizes knows the embedding by (V, E), what else has a row for every word as a
part of the output layer, and every other parameter as a part of the LSTM.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from checks.declared import Shaped

Config = dict[str, Any]  # the keyword arguments of Encoder and Decoder
Filling = dict[str, Any]  # see `fill`
Role = Literal["embedding", "output", "bias", "shift", "lstm"]
# the gradient of an embedding, (V, E) or with a row too few; None where none arrives
Slope = Annotated[Tensor, Shaped(None, "config.embedding_dim")] | None


def role(shape: torch.Size, config: Config) -> Role:
    """Tell what a parameter is for by its sizes."""
    V, E = config["vocab_size"], config["embedding_dim"]
    sizes = [size for size in shape if size != 1]
    # a spare row does no harm; one too few is told by what cannot be asked for
    if sorted(sizes) in [sorted([rows, E]) for rows in (V, V + 1, V - 1)]:
        return "embedding"
    if len(sizes) == 2 and {V, V - 1, V + 1} & set(sizes):
        return "output"  # of h, or of what a first of several layers makes of it
    if sizes in ([V], [V - 1], [V + 1]):
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
                elif parameter.numel() < table.numel():
                    table = table[:-1]
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


def by_word(table: Tensor, config: Config) -> Tensor:
    """A table with a row for every word: (V, E)."""
    table = table.squeeze()
    return (table if table.shape[1] == config["embedding_dim"] else table.T)[: config["vocab_size"]]


def gradients(
    module: nn.Module, config: Config, totals: dict[str, Tensor], *inputs: Tensor
) -> dict[str, Any]:
    """For each total its gradient with respect to the embedding and the inputs.

    Returns:
        `<total>`: a tuple, the embedding's gradient (V, E) first; None where none arrives.
        `reached`: how many LSTM weights have a non-zero gradient of the sum of all totals.
    """
    tables = [p for p in module.parameters() if role(p.shape, config) == "embedding"]
    lstm = [p for p in module.parameters() if role(p.shape, config) == "lstm"]
    report: dict[str, Any] = {}
    for name, total in totals.items():
        slopes = differentiate(total, [*tables, *inputs])
        of_tables = [g for g in slopes[: len(tables)] if g is not None]
        table = sum(by_word(g, config) for g in of_tables) if of_tables else None
        report[name] = (table, *slopes[len(tables) :])
    slopes = differentiate(torch.stack([*totals.values()]).sum(), lstm)
    report["reached"] = sum(int((g != 0).sum()) for g in slopes if g is not None)
    return report


def differentiate(total: Tensor, leaves: Sequence[Tensor]) -> list[Tensor | None]:
    """The gradient with respect to each leaf, dense; None where none arrives."""
    leaves_used = [leaf for leaf in leaves if leaf.requires_grad]
    if not (total.requires_grad and leaves_used):
        return [None] * len(leaves)
    slopes = torch.autograd.grad(total, leaves_used, retain_graph=True, allow_unused=True)
    dense = iter(g.to_dense() if g is not None else None for g in slopes)
    return [next(dense) if leaf.requires_grad else None for leaf in leaves]


def table_gradients(module: nn.Module, config: Config, *answers: Tensor) -> list[Tensor | None]:
    """The gradient of the sum of some answers with respect to the embedding, (V, E)."""
    total = torch.stack([answer.sum() for answer in answers]).sum()
    if total.requires_grad:  # else that is another matter than the device
        total.backward()  # type: ignore[no-untyped-call]  # torch has no types there
    tables = [p for p in module.parameters() if role(p.shape, config) == "embedding"]
    slopes = [table.grad for table in tables]
    return [by_word(g.to_dense(), config) if g is not None else None for g in slopes]
