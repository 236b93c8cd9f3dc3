"""The experiments of the lesson: each returns its numbers as a table and draws one figure."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import plots
import torch
from training import Model, Toolbox, train
from translation import scores, search, translate

from data.pairs import Pair, tokenize


def compare_beams(
    model: Model,
    tools: Toolbox,
    pairs: Sequence[Pair],
    *,
    beam_widths: Sequence[int] = (1, 2, 5, 10),
    length_penalty: float = 0.0,
    reverse_source: bool = False,
) -> pd.DataFrame:
    """Translate `pairs` greedily and with every beam width; a row each.

    Mean log-probability is that of the best hypothesis; without a length penalty it is what
    the search maximises. Greedy decoding does not report it, beam width 1 finds the same one.
    """
    rows = []
    for beam_width in (None, *beam_widths):
        start = time.perf_counter()
        best = search(
            model,
            tools,
            [pair.source for pair in pairs],
            beam_width=beam_width,
            length_penalty=length_penalty,
            reverse_source=reverse_source,
        )
        seconds = time.perf_counter() - start
        hypotheses = [tools.target_vocabulary.decode(tokens) for tokens, _ in best]
        bleu, chrf = scores(hypotheses, [pair.target for pair in pairs])
        row = {
            "decoding": "greedy" if beam_width is None else f"beam {beam_width}",
            "BLEU": bleu,
            "chrF": chrf,
            "tokens a sentence": sum(len(tokens) for tokens, _ in best) / len(best),
            "mean log-probability": sum(log_prob for _, log_prob in best) / len(best),
            "seconds": seconds,
        }
        rows.append(row)
    table = pd.DataFrame(rows)
    plots.plot_beams(table)
    return table


def quality_by_length(
    model: Model,
    tools: Toolbox,
    pairs: Sequence[Pair],
    *,
    groups: int = 5,
    reverse_source: bool = False,
) -> pd.DataFrame:
    """Score greedy translations in `groups` equally large groups of sentences by source length."""
    sentences = [pair.source for pair in pairs]
    table = pd.DataFrame(
        {
            "length": [len(tokenize(sentence)) for sentence in sentences],
            "hypothesis": translate(model, tools, sentences, reverse_source=reverse_source),
            "reference": [pair.target for pair in pairs],
        }
    )
    cuts = pd.qcut(table["length"], groups, duplicates="drop")
    rows = []
    for _, group in table.groupby(cuts, observed=True):
        bleu, chrf = scores(list(group["hypothesis"]), list(group["reference"]))
        shortest, longest = group["length"].min(), group["length"].max()
        rows.append(
            {
                "source tokens": str(shortest) if shortest == longest else f"{shortest}–{longest}",
                "sentences": len(group),
                "BLEU": bleu,
                "chrF": chrf,
                "exact %": 100 * (group["hypothesis"] == group["reference"]).mean(),
            }
        )
    by_length = pd.DataFrame(rows)
    plots.plot_lengths(by_length)
    return by_length


def reversed_source(
    tools: Toolbox,
    training_pairs: Sequence[Pair],
    validation_pairs: Sequence[Pair],
    *,
    epochs: int,
    seed: int = 0,
) -> pd.DataFrame:
    """Train two equal models, one of them on sources read from their last word to their first."""
    settings: dict[str, dict[str, Any]] = {
        "as written": {"reverse_source": False},
        "reversed": {"reverse_source": True},
    }
    table = _learning_curves(tools, training_pairs, validation_pairs, settings, epochs, seed)
    table = table.rename(columns={"setting": "source"})
    plots.plot_curves(
        table, "source", "Does it help to read the source backwards? (Sutskever et al. 2014)"
    )
    return table


def teacher_forcing_against_free_running(
    tools: Toolbox,
    training_pairs: Sequence[Pair],
    validation_pairs: Sequence[Pair],
    *,
    epochs: int,
    seed: int = 0,
    ratios: Sequence[float] = (1.0, 0.5, 0.0),
) -> pd.DataFrame:
    """Train equal models with several teacher forcing ratios; 0 is free running."""
    settings = {f"{ratio:g}": {"teacher_forcing_ratio": ratio} for ratio in ratios}
    table = _learning_curves(tools, training_pairs, validation_pairs, settings, epochs, seed)
    table = table.rename(columns={"setting": "teacher forcing ratio"})
    plots.plot_curves(
        table, "teacher forcing ratio", "How fast does it learn with and without a teacher?"
    )
    return table


def _learning_curves(
    tools: Toolbox,
    training_pairs: Sequence[Pair],
    validation_pairs: Sequence[Pair],
    settings: dict[str, dict[str, Any]],
    epochs: int,
    seed: int,
) -> pd.DataFrame:
    """Return a row for each setting and epoch: setting, epoch, seconds, BLEU, chrF.

    All runs start from the same weights and see the pairs in the same order.
    """
    tables = []
    for name, setting in settings.items():
        model = tools.seeded_model(seed)
        reverse_source = bool(setting.get("reverse_source", False))
        measured: list[tuple[float, float]] = []

        def measure(
            epoch: int,
            model: Model = model,
            reverse_source: bool = reverse_source,
            measured: list[tuple[float, float]] = measured,
        ) -> None:
            measured.append(_greedy_scores(model, tools, validation_pairs, reverse_source))

        history = train(
            model,
            tools,
            training_pairs,
            validation_pairs,
            epochs=epochs,
            generator=torch.Generator().manual_seed(seed),
            after_epoch=measure,
            title=name,
            **setting,
        )
        table = history.epochs[["epoch", "seconds"]].copy()
        table[["BLEU", "chrF"]] = measured
        table.insert(0, "setting", name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _greedy_scores(
    model: Model, tools: Toolbox, pairs: Sequence[Pair], reverse_source: bool
) -> tuple[float, float]:
    """Return the BLEU and chrF of greedy translations."""
    sentences = [pair.source for pair in pairs]
    hypotheses = translate(model, tools, sentences, reverse_source=reverse_source)
    return scores(hypotheses, [pair.target for pair in pairs])


def plot_context(
    model: Model,
    tools: Toolbox,
    pairs: Sequence[Pair],
    *,
    colours: dict[str, Callable[[str], str | int]],
    reverse_source: bool = False,
) -> pd.DataFrame:
    """Project the context of every source on its two directions of largest variance.

    The context is the top layer of the encoder's final h. `colours` names properties of an
    English sentence and says how to compute them; each colours a panel of the figure.
    """
    source, source_lengths, _ = tools.batch(pairs, reverse_source)
    model.eval()
    with torch.no_grad():
        _, (h, _) = model.encoder(source, source_lengths)
    context = h[-1].cpu()  # (batch, hidden)
    centred = context - context.mean(dim=0)
    _, singular_values, directions = torch.linalg.svd(centred, full_matrices=False)
    points = centred @ directions[:2].T  # (batch, 2)
    shares = singular_values.square() / singular_values.square().sum()  # (components,)
    table = pd.DataFrame(points.numpy(), columns=["first component", "second component"])
    table["sentence"] = [pair.source for pair in pairs]
    for name, colour in colours.items():
        table[name] = [colour(pair.source) for pair in pairs]
    plots.plot_points(table, list(colours), [float(share) for share in shares[:2]])
    return table
