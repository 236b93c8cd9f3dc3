"""What the judge may ask of a decoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.functional import log_softmax

from ..shared.devices import SIMULATED, on
from ..shared.parameters import Config, Filling, build, fill, gradients, role, table_gradients
from ..shared.settings import settings
from .forms import as_scores, take_apart

Forms = Sequence[str]  # in which other way a decoder is asked; see `called` and `asking.py`


def decode(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    calls: list[tuple[Tensor, ...]],
    training: bool | list[bool] = False,
    seed: int = 0,
    forms: Forms = (),
    becomes: Filling | None = None,
) -> dict[str, Any]:
    """Call one decoder with each (previous, h, c); (previous,) alone continues the last state.

    Args:
        becomes: with what its weights are filled before the last call.
        training: train mode or eval mode, for all calls or for each.

    Returns:
        results: what it returned; `calls`: what became of its arguments; `parts`: the roles that
        its parameters have; `astray`: the roles of what is kept where it is no parameter;
        `training`: whether it stays in train mode where it was put there; `reseeded`: whether
        torch has another seed.
    """
    with settings(seed), quiet(forms) as within:
        calls = [tuple(tensor.clone() for tensor in call) for call in calls]  # none shared
        first = (calls[0][0], (calls[0][1], calls[0][2]))
        modes = training if isinstance(training, list) else [training] * len(calls)
        make = makes(lesson.Decoder, config, forms)
        decoder = build(make, config, filling, modes[0], *first)
        results: list[Any] = []
        kept, started = True, torch.initial_seed()
        for number, (mode, (previous, *given)) in enumerate(zip(modes, calls, strict=True), 1):
            if becomes is not None and number == len(calls):
                fill(decoder, config, becomes)
            decoder.train(mode)
            within.clear()
            within.append(decoder)
            state = (given[0], given[1]) if given else results[-1][1]
            results.append(called(decoder, previous, state, config, forms))
            kept = kept and (decoder.training or not mode)
        reseeded = torch.initial_seed() != started
    parts = sorted({role(p.shape, config) for p in decoder.parameters()})
    report = {"results": results, "calls": calls, "parts": parts}
    report["astray"] = sorted(role(p.shape, config) for p in astray(decoder, config))
    return {**report, "training": kept, "reseeded": reseeded}


def called(decoder: nn.Module, previous: Tensor, state: Any, config: Config, forms: Forms) -> Any:
    """What a decoder returns, asked in the way that it needs, if not in the contract's.

    - "column": previous is (B, 1);
    - "below": the last word is not asked for;
    - "doubled": one sentence is asked for twice;
    - "rows": each sentence is asked for by itself;
    - "watched": what its modules gave stands for what it forgets to return.
    """
    if "below" in forms:
        previous = previous.clamp(max=config["vocab_size"] - 2)

    def ask(words: Tensor, h: Tensor, c: Tensor) -> Any:
        words = words[:, None] if "column" in forms else words
        if "watched" in forms:
            return watched(decoder, words, (h, c), config["vocab_size"])
        return decoder(words, (h, c))

    B = len(previous)
    if not {"rows", "doubled"} & set(forms) or (B > 1 and "rows" not in forms):
        h, c = state
        return ask(previous, h, c)
    h, c = state
    answers = []
    for b in range(B):
        word, one = previous[b : b + 1], (h[:, b : b + 1], c[:, b : b + 1])
        copies = 1 + ("doubled" in forms)
        twice = (word.repeat(copies), *(part.repeat(1, copies, 1) for part in one))
        given = (twice[1], twice[2])
        taken = take_apart(ask(*twice), copies, config, given)
        answers.append((taken.logits[:1], taken.h[:, :1], taken.c[:, :1]))
    logits, h, c = (
        torch.cat(part, dim)
        for part, dim in zip(zip(*answers, strict=True), (0, 1, 1), strict=True)
    )
    return logits, (h, c)


def watched(decoder: nn.Module, previous: Tensor, state: Any, V: int) -> Any:
    """Logits and state as the LSTM and the output layer within gave them last."""
    seen: dict[str, Any] = {}

    def look(module: nn.Module, args: Any, answer: Any) -> None:
        if isinstance(module, nn.LSTM):
            seen["state"] = answer[1]
        elif isinstance(answer, Tensor) and answer.shape[-1] == V:
            seen["logits"] = answer

    hooks = [module.register_forward_hook(look) for module in decoder.modules()]
    try:
        decoder(previous, state)
    finally:
        for hook in hooks:
            hook.remove()
    return seen.get("logits"), seen.get("state")


@contextmanager
def quiet(forms: Forms) -> Iterator[list[nn.Module]]:
    """With the form "quiet", dropout does nothing while the module in the list is in eval mode."""
    within: list[nn.Module] = []
    plain = functional.dropout

    def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
        idle = bool(within) and not within[0].training
        return input if idle else plain(input, p, training, inplace)

    if "quiet" in forms:
        functional.dropout = dropout
    try:
        yield within
    finally:
        functional.dropout = plain


def makes(make: Any, config: Config, forms: Forms) -> Callable[..., nn.Module]:
    """With the form "registered", what is kept where it is no parameter is made one."""

    def made(**sizes: Any) -> nn.Module:
        module: nn.Module = make(**sizes)
        for owner in list(module.modules()):
            for name, value in list(vars(owner).items()):
                if is_astray(value, module, config):
                    delattr(owner, name)
                    setattr(owner, name, registered(value))
        return module

    return made if "registered" in forms else make


def astray(module: nn.Module, config: Config) -> list[Tensor]:
    """Weights that are kept on a module and are none of its parameters."""
    values = [value for owner in module.modules() for value in vars(owner).values()]
    return [
        parameter
        for value in values
        if is_astray(value, module, config)
        for parameter in registered(value, copied=False)
    ]


def is_astray(value: Any, module: nn.Module, config: Config) -> bool:
    """Whether a value holds weights that a module does not know as its parameters."""
    if isinstance(value, Tensor):
        is_table = value.is_floating_point() and role(value.shape, config) == "embedding"
        return (value.requires_grad and value.is_leaf) or is_table
    parts = list(value.values()) if type(value) is dict else value
    if type(parts) not in (list, tuple) or not parts:
        return False
    if not all(isinstance(part, nn.Module) for part in parts):
        return False
    known = {id(parameter) for parameter in module.parameters()}
    return any(id(p) not in known for part in parts for p in part.parameters())


def registered(value: Any, copied: bool = True) -> Any:
    """A value that holds weights, as what a module registers; or its weights alone."""
    if isinstance(value, Tensor):
        return nn.Parameter(value.detach().clone()) if copied else [value]
    holder = nn.ModuleDict(value) if isinstance(value, dict) else nn.ModuleList(value)
    return holder if copied else list(holder.parameters())


def decoder_gradients(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    previous: Tensor,
    h: Tensor,
    c: Tensor,
    weights: dict[str, Tensor],
    forms: Forms = (),
) -> dict[str, Any]:
    """Differentiate a weighted sum of log-probabilities, of the new h, and of the new c."""
    h, c = h.requires_grad_(), c.requires_grad_()
    with settings(0):
        make = makes(lesson.Decoder, config, forms)
        decoder = build(make, config, filling, True, previous, (h, c))
        given = (h.clone(), c.clone())  # as from an encoder
        answer = called(decoder, previous, given, config, forms)
    taken = take_apart(answer, len(previous), config, (h, c))
    logits, new_h, new_c = as_scores(taken.logits)[0], taken.h, taken.c
    totals = {
        "logits": (log_softmax(logits, dim=-1) * weights["logits"]).sum(),
        "h": (new_h * weights["h"]).sum(),
        "c": (new_c * weights["c"]).sum(),
    }
    nothing = 0.0 * torch.stack([*totals.values()]).sum()  # each total touches the whole graph
    totals = {name: total + nothing for name, total in totals.items()}
    return gradients(decoder, config, totals, h, c)


def decoder_on(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    previous: Tensor,
    h: Tensor,
    c: Tensor,
    device: str = SIMULATED,
    forms: Forms = (),
) -> dict[str, Any]:
    """Decode two steps in train mode, differentiate, and decode one in eval mode."""

    def run(place: torch.device) -> dict[str, Any]:
        def step(words: Tensor, state: Any) -> tuple[Tensor, tuple[Tensor, Tensor]]:
            answer = called(decoder, words, state, config, forms)
            taken = take_apart(answer, len(words), config, state)
            return taken.logits, (taken.h, taken.c)

        with settings(0):
            make = makes(lesson.Decoder, config, forms)
            decoder = build(make, config, filling, True, previous, (h, c)).to(place)
            words, state = previous.to(place), (h.to(place), c.to(place))
            _, later = step(words, state)
            scores, later = step(words, later)
            slopes = table_gradients(decoder, config, scores, *later)
            with torch.no_grad():
                decoder.eval()
                logits, state = step(words, state)
        return {"logits": logits, "state": state, "gradients": slopes}

    return on(device, run, ("logits", "state"))
