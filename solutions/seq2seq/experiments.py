"""The experiments of the lesson. Each returns a table of numbers, which `plots.py` draws."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd
import torch
from instruments import Narrow, listen
from torch import Tensor
from torch.nn import functional
from training import Model, Toolbox, token_loss, train
from translation import scores, search, translate

from data.pairs import Pair, tokenize

GROUPS = 5  # of sentences, by the length of the source, of similar size
TIMED = 40  # sentences
POSITIONS = 16  # of the target that are looked at; later ones are few
AFTER = 8  # words after the first mistake that are looked at
PROBED = 14  # places of the source that the context is asked for


def examples(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Choose the first 12 pairs with at most 9 source tokens, and the first 3 with at least 18."""
    lengths = [(pair, len(tokenize(pair.source))) for pair in pairs]
    short = [pair for pair, length in lengths if length <= 9]
    long = [pair for pair, length in lengths if length >= 18]
    return short[:12], long[:3]


def translations(
    model: Model, tools: Toolbox, pairs: Sequence[Pair], *, beam_width: int
) -> pd.DataFrame:
    """Translate `pairs` greedily and with a beam, beside the references."""
    sentences = [pair.source for pair in pairs]
    return pd.DataFrame(
        {
            "source": sentences,
            "reference": [pair.target for pair in pairs],
            "greedy": translate(model, tools, sentences),
            f"beam {beam_width}": translate(model, tools, sentences, beam_width=beam_width),
        }
    )


def own_sentences(
    model: Model, tools: Toolbox, sentences: Sequence[str], *, beam_width: int
) -> pd.DataFrame:
    """Translate sentences of your own with a beam."""
    return pd.DataFrame(
        {
            "source": sentences,
            f"beam {beam_width}": translate(model, tools, sentences, beam_width=beam_width),
        }
    )


def compare_beams(
    model: Model,
    tools: Toolbox,
    pairs: Sequence[Pair],
    *,
    beam_widths: Sequence[int] = (1, 2, 5, 10),
    length_penalty: float = 0.0,
) -> pd.DataFrame:
    """Translate `pairs` greedily and with every beam width: one row for each.

    The mean log-probability is that of the best hypotheses. Without a length penalty, the search
    maximises it. Greedy decoding does not report it; beam width 1 finds the same hypotheses.
    The times can be compared: each way gets the same few of `pairs`, one sentence at a time. It
    is processor time, so other programs do not count.
    """
    sentences = [pair.source for pair in pairs]
    rows = []
    for beam_width in (None, *beam_widths):
        settings = {"beam_width": beam_width, "length_penalty": length_penalty}
        best = search(model, tools, sentences, **settings)
        hypotheses = [tools.target_vocabulary.decode(tokens) for tokens, _ in best]
        bleu, chrf = scores(hypotheses, [pair.target for pair in pairs])
        timed = sentences[:TIMED]
        start = time.process_time()
        search(model, tools, timed, batch_size=1, **settings)
        seconds = time.process_time() - start
        row = {
            "decoding": "greedy" if beam_width is None else f"beam {beam_width}",
            "BLEU": bleu,
            "chrF": chrf,
            "tokens per sentence": sum(len(tokens) for tokens, _ in best) / len(best),
            "mean log-probability": sum(log_prob for _, log_prob in best) / len(best),
            "ms per sentence": 1000 * seconds / len(timed),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def by_length(pairs: Sequence[Pair]) -> list[tuple[str, list[int]]]:
    """Cut `pairs` into `GROUPS` groups by the number of source tokens: a name, and indices."""
    lengths = pd.Series([len(tokenize(pair.source)) for pair in pairs])
    groups = []
    for _, group in lengths.groupby(pd.qcut(lengths, GROUPS, duplicates="drop"), observed=True):
        shortest, longest = group.min(), group.max()
        name = str(shortest) if shortest == longest else f"{shortest}–{longest}"
        groups.append((name, group.index.tolist()))
    return groups


def quality_by_length(model: Model, tools: Toolbox, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Score greedy translations in groups of sentences of similar source length."""
    hypotheses = translate(model, tools, [pair.source for pair in pairs])
    rows = []
    for name, indices in by_length(pairs):
        found = [hypotheses[index] for index in indices]
        references = [pairs[index].target for index in indices]
        bleu, chrf = scores(found, references)
        exact = sum(one == other for one, other in zip(found, references, strict=True))
        rows.append(
            {
                "source tokens": name,
                "sentences": len(indices),
                "BLEU": bleu,
                "chrF": chrf,
                "exact %": 100 * exact / len(indices),
            }
        )
    return pd.DataFrame(rows)


class Run(NamedTuple):
    """A model after a short training, and its scores after each epoch."""

    model: Model
    curve: pd.DataFrame  # one row for each epoch: epoch, seconds, BLEU, chrF


class ShortRuns:
    """Short trainings of equal models, from the same weights, with the pairs in the same order.

    A model that several experiments need is trained only once.
    """

    def __init__(
        self,
        tools: Toolbox,
        training_pairs: Sequence[Pair],
        validation_pairs: Sequence[Pair],
        *,
        epochs: int,
        short_first: Sequence[int] = (),
        seed: int = 0,
    ) -> None:
        self.tools = tools
        self.training_pairs = training_pairs
        self.validation_pairs = validation_pairs
        self.epochs = epochs
        self.short_first = short_first
        self.seed = seed
        self._runs: dict[tuple[bool, float, int | None], Run] = {}

    def run(
        self,
        *,
        reverse_source: bool = True,
        teacher_forcing_ratio: float = 1.0,
        context_size: int | None = None,
    ) -> Run:
        """Return the run with these settings; `context_size` None is the whole context."""
        key = (reverse_source, teacher_forcing_ratio, context_size)
        if key not in self._runs:
            self._runs[key] = self._train(*key)
        return self._runs[key]

    def _train(self, reverse_source: bool, ratio: float, context_size: int | None) -> Run:
        model = self.tools.seeded_model(self.seed)
        if context_size is not None:
            model.encoder = Narrow(model.encoder, context_size)
        sentences = [pair.source for pair in self.validation_pairs]
        references = [pair.target for pair in self.validation_pairs]
        measured: list[tuple[float, float]] = []

        def measure(epoch: int) -> None:
            hypotheses = translate(model, self.tools, sentences, reverse_source=reverse_source)
            measured.append(scores(hypotheses, references))

        title = "short run"
        title += "" if reverse_source else ", source as written"
        title += "" if ratio == 1 else f", teacher forcing ratio {ratio:g}"
        title += "" if context_size is None else f", context of {context_size}"
        history = train(
            model,
            self.tools,
            self.training_pairs,
            self.validation_pairs,
            epochs=self.epochs,
            short_first=self.short_first,
            generator=torch.Generator().manual_seed(self.seed),
            teacher_forcing_ratio=ratio,
            reverse_source=reverse_source,
            after_epoch=measure,
            title=title,
        )
        curve = history.dropna()[["epoch", "seconds"]].reset_index(drop=True)
        curve[["BLEU", "chrF"]] = measured
        return Run(model, curve)


def _curves(setting: str, runs: dict[str, Run]) -> pd.DataFrame:
    """Return the curves of `runs` in one table; the column `setting` says which one a row is of."""
    tables = [run.curve.assign(**{setting: name}) for name, run in runs.items()]
    return pd.concat(tables, ignore_index=True)


def directions(runs: ShortRuns) -> pd.DataFrame:
    """Train two equal models: one on reversed sources, one on sources as they are written."""
    both = {
        "reversed": runs.run(),
        "as written": runs.run(reverse_source=False),
    }
    return _curves("source", both)


def teachers(runs: ShortRuns, ratios: Sequence[float] = (1.0, 0.5, 0.0)) -> pd.DataFrame:
    """Train equal models with several teacher forcing ratios; 0 is free running."""
    several = {f"{ratio:g}": runs.run(teacher_forcing_ratio=ratio) for ratio in ratios}
    return _curves("teacher forcing ratio", several)


def context_sizes(runs: ShortRuns, sizes: Sequence[int | None]) -> pd.DataFrame:
    """Train equal models that differ in the size of the context that reaches the decoder.

    The loss is that of the next word after the *right* beginning, so no earlier mistake can make
    it worse.

    Returns:
        One row for each size and group of lengths: context, source tokens, loss, BLEU.
    """
    pairs, tools = runs.validation_pairs, runs.tools
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    groups = by_length(pairs)
    rows = []
    for size in sizes:
        model = runs.run(context_size=size).model
        hypotheses = translate(model, tools, sources)
        for name, indices in groups:
            bleu, _ = scores([hypotheses[i] for i in indices], [references[i] for i in indices])
            row = {
                "context": "whole" if size is None else f"first {size}",
                "source tokens": name,
                "loss": token_loss(model, tools, [pairs[i] for i in indices]),
                "BLEU": bleu,
            }
            rows.append(row)
    return pd.DataFrame(rows)


def exposure(runs: ShortRuns, ratios: Sequence[float] = (1.0, 0.5)) -> pd.DataFrame:
    """Measure how often the next word is right after right beginnings, and after the model's own.

    Returns:
        One row for each ratio, beginning (right, own), `counted from` and place. Counted from
        the start, the place is a position in the sentence. Counted from the first mistake in free
        running, it is the number of words since then. `right %` is a share of `words`.
    """
    pairs = list(runs.validation_pairs)
    rows = []
    for ratio in ratios:
        model = runs.run(teacher_forcing_ratio=ratio).model
        heard = {
            "right": listen(model, runs.tools, pairs, 1.0),
            "own": listen(model, runs.tools, pairs, 0.0),
        }
        positions = torch.arange(heard["own"].right.shape[1])  # (time,)
        mistakes = heard["own"].counts & ~heard["own"].right  # (batch, time)
        never = len(positions)
        first = torch.where(mistakes.any(1), mistakes.int().argmax(1), never)  # (batch,)
        places = {
            "start": (positions.expand_as(mistakes) + 1, POSITIONS),
            "first mistake": (positions[None, :] - first[:, None], AFTER),
        }
        for beginning, (right, counts) in heard.items():
            for counted_from, (place, last) in places.items():
                for number in range(1, last + 1):
                    here = counts & (place == number)
                    words = int(here.sum())
                    if words:
                        rows.append(
                            {
                                "teacher forcing ratio": f"{ratio:g}",
                                "beginning": beginning,
                                "counted from": counted_from,
                                "place": number,
                                "right %": 100 * float(right[here].float().mean()),
                                "words": words,
                            }
                        )
    return pd.DataFrame(rows)


def remembered(
    model: Model,
    tools: Toolbox,
    training_pairs: Sequence[Pair],
    validation_pairs: Sequence[Pair],
    *,
    groups: Mapping[str, tuple[int, int]],
) -> pd.DataFrame:
    """Ask the context for the words of the source, one place after another.

    The context is here the top layer of the encoder's final h and c. For each place a linear map
    from contexts to words is fitted on the training pairs, by least squares. It is the *probe*.
    The end of a sentence is not asked for. `groups` has names of groups of sentences, and their
    smallest and largest numbers of source tokens.

    Returns:
        One row for each group and place that at least 20 sentences have: `source tokens`, place
        (1 for the first word), `right %`, and `most frequent %`, which is right if one always says
        the group's most frequent training word.
    """
    known, known_words = _contexts_and_words(model, tools, training_pairs)
    asked, asked_words = _contexts_and_words(model, tools, validation_pairs)
    known, asked = known - known.mean(dim=0), asked - known.mean(dim=0)
    rows = []
    for place in range(PROBED):
        has = [row for row, words in enumerate(known_words) if len(words) > place + 1]
        if not has:
            break
        told = _told(known[has], [known_words[row][place] for row in has], asked)
        for name, (least, most) in groups.items():
            right, frequent = (
                {
                    row: words[place]
                    for row, words in enumerate(all_words)
                    if place + 1 < len(words) and least <= len(words) <= most
                }
                for all_words in (asked_words, known_words)
            )
            if len(right) >= 20 and frequent:
                [(usual, _)] = Counter(frequent.values()).most_common(1)
                row = {
                    "source tokens": name,
                    "place": place + 1,
                    "right %": 100 * sum(told[r] == word for r, word in right.items()) / len(right),
                    "most frequent %": 100 * list(right.values()).count(usual) / len(right),
                }
                rows.append(row)
    return pd.DataFrame(rows)


def _told(known: Tensor, words: Sequence[int], asked: Tensor) -> list[int]:
    """Fit a linear map from `known` contexts, (known, features), to words; say those of `asked`."""
    one_hot = functional.one_hot(torch.tensor(words)).to(known)  # (known, words)
    share = one_hot.mean(dim=0)  # (words,)
    squares = known.T @ known + torch.eye(known.shape[1]).to(known)  # with a ridge, never singular
    probe = torch.linalg.solve(squares, known.T @ (one_hot - share))  # (features, words)
    return (asked @ probe + share).argmax(dim=1).tolist()


def _contexts_and_words(
    model: Model, tools: Toolbox, pairs: Sequence[Pair]
) -> tuple[Tensor, list[list[int]]]:
    """Encode every source: final h and c, (pairs, 2 * hidden), and its words from first to last."""
    states, words = [], []
    model.eval()
    for start in range(0, len(pairs), 500):
        source, lengths, _ = tools.batch(pairs[start : start + 500])
        with torch.no_grad():
            _, (h, c) = model.encoder(source, lengths)  # each (layers, batch, hidden)
        states.append(torch.cat([h[-1], c[-1]], dim=1).cpu().double())
        for row, length in zip(source.tolist(), lengths.tolist(), strict=True):
            words.append(row[:length][::-1])  # it was read backwards
    return torch.cat(states), words


def contexts(
    model: Model,
    tools: Toolbox,
    pairs: Sequence[Pair],
    *,
    properties: dict[str, Callable[[str], str | int]],
) -> pd.DataFrame:
    """Project the context of every source on the two directions in which contexts differ most.

    The context is here the top layer of the encoder's final h. `properties` has names of
    properties of an English sentence, and functions that compute them.

    Returns:
        One row for each sentence: first and second component, the share of the variance that
        each of the two has (the same in all rows), sentence, and a column for each property.
    """
    source, source_lengths, _ = tools.batch(pairs)
    model.eval()
    with torch.no_grad():
        _, (h, _) = model.encoder(source, source_lengths)
    context = h[-1].cpu()  # (batch, hidden)
    centred = context - context.mean(dim=0)
    _, singular_values, directions = torch.linalg.svd(centred, full_matrices=False)
    points = centred @ directions[:2].T  # (batch, 2)
    shares = singular_values.square() / singular_values.square().sum()  # (components,)
    table = pd.DataFrame(points.numpy(), columns=["first component", "second component"])
    table["first share"], table["second share"] = shares[:2].tolist()
    table["sentence"] = [pair.source for pair in pairs]
    for name, of in properties.items():
        table[name] = [of(pair.source) for pair in pairs]
    return table
