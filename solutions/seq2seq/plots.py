"""The figures of the lesson, each drawn from a table of numbers."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

BARS = "steelblue"


def set_style() -> None:
    """Give all figures of the notebook one look."""
    sns.set_theme(style="whitegrid", rc={"figure.dpi": 100, "axes.titlesize": "medium"})


def _show(figure: Figure, table: pd.DataFrame) -> None:
    """Show a figure; if its table is recorded, the figure says so."""
    if table.attrs.get("recorded"):
        figure.text(0.99, 0.01, "recorded, not yours", ha="right", color="firebrick", size="small")
    plt.show()


def _as_names(table: pd.DataFrame, column: str) -> None:
    """Turn the numbers of a column into names, so that each has a colour of its own."""
    if pd.api.types.is_numeric_dtype(table[column]):
        table[column] = table[column].map("{:g}".format)


def plot_losses(history: pd.DataFrame) -> None:
    """Draw the loss of every step and, for each epoch, the loss on the validation pairs."""
    figure, axes = plt.subplots(figsize=(8, 4))
    sns.lineplot(
        history,
        x="step",
        y="loss",
        ax=axes,
        color="lightsteelblue",
        linewidth=0.8,
        label="training, each batch",
    )
    epochs = history.dropna()
    for column, colour, label in (
        ("training loss", BARS, "training, mean of the epoch"),
        ("validation loss", "darkorange", "validation"),
    ):
        sns.lineplot(epochs, x="step", y=column, ax=axes, color=colour, marker="o", label=label)
    axes.set(
        title="Does the translator learn, and does it overfit?",
        xlabel="training step",
        ylabel="loss per token (nats)",
        ylim=(0, None),
    )
    axes.legend()
    _show(figure, history)


def plot_beams(table: pd.DataFrame) -> None:
    """Draw BLEU, mean log-probability and time for each way of decoding."""
    panels = {
        "BLEU": "BLEU",
        "mean log-probability": "mean log-probability",
        "ms per sentence": "ms per sentence, one at a time",
    }
    figure, all_axes = plt.subplots(1, len(panels), figsize=(12, 3.6))
    for axes, (column, label) in zip(all_axes, panels.items(), strict=True):
        measured = table.dropna(subset=[column])  # greedy decoding reports no log-probability
        sns.pointplot(measured, x="decoding", y=column, ax=axes, color=BARS)
        axes.set(xlabel="", ylabel=label)
        axes.tick_params(axis="x", rotation=30)
    all_axes[-1].set_ylim(0, None)
    figure.suptitle("What does a wider beam gain, and what does it cost?")
    figure.tight_layout()
    _show(figure, table)


def plot_lengths(table: pd.DataFrame) -> None:
    """Draw BLEU, chrF and exact translations for each group of source lengths."""
    measures = ["BLEU", "chrF", "exact %"]
    long = table.melt("source tokens", measures, var_name="measure", value_name="value")
    figure, axes = plt.subplots(figsize=(8, 4))
    sns.barplot(long, x="source tokens", y="value", hue="measure", ax=axes, palette="deep")
    axes.set(
        title="Does quality fall with the length of the source?",
        xlabel="tokens in the source sentence",
        ylabel="BLEU, chrF, % exact",
        ylim=(0, 100),
    )
    sns.move_legend(axes, "upper left", bbox_to_anchor=(1, 1), title="")
    figure.tight_layout()
    _show(figure, table)


def plot_curves(table: pd.DataFrame, setting: str, title: str) -> None:
    """Draw BLEU against epochs, one curve for each value of the column `setting`."""
    _as_names(table, setting)
    figure, axes = plt.subplots(figsize=(8, 4))
    sns.lineplot(
        table,
        x="epoch",
        y="BLEU",
        hue=setting,
        style=setting,
        markers=True,
        dashes=False,
        ax=axes,
        palette="deep",
    )
    axes.set(title=title, xlabel="epochs", ylabel="validation BLEU (greedy)", ylim=(0, None))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _show(figure, table)


def plot_context_sizes(table: pd.DataFrame) -> None:
    """Draw loss and BLEU against the length of the source, a line for each size of the context."""
    figure, all_axes = plt.subplots(1, 2, figsize=(12, 4))
    panels = {"loss": "loss per token (nats)", "BLEU": "BLEU (greedy)"}
    for axes, (column, label) in zip(all_axes, panels.items(), strict=True):
        sns.lineplot(
            table,
            x="source tokens",
            y=column,
            hue="context",
            style="context",
            markers=True,
            dashes=False,
            ax=axes,
            palette="viridis",
        )
        axes.set(xlabel="tokens in the source sentence", ylabel=label, ylim=(0, None))
    all_axes[0].get_legend().remove()
    sns.move_legend(all_axes[1], "upper left", bbox_to_anchor=(1, 1), title="context")
    figure.suptitle("Memory, or only difficulty? Equal translators, several sizes of the context")
    figure.tight_layout()
    _show(figure, table)


def plot_exposure(table: pd.DataFrame) -> None:
    """Draw how often the next word is right, by position and after the first own mistake."""
    _as_names(table, "teacher forcing ratio")
    figure, all_axes = plt.subplots(1, 2, figsize=(12, 4), sharey=True)
    panels = {"start": "position in the translation", "first mistake": "words since the mistake"}
    for axes, (counted_from, label) in zip(all_axes, panels.items(), strict=True):
        sns.lineplot(
            table[table["counted from"] == counted_from],
            x="place",
            y="right %",
            hue="teacher forcing ratio",
            style="beginning",
            style_order=["right", "own"],
            markers=True,
            ax=axes,
            palette="deep",
        )
        axes.set(
            title=f"counted from the {counted_from}",
            xlabel=label,
            ylabel="next word right (%)",
            ylim=(0, 100),
        )
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    all_axes[0].get_legend().remove()
    sns.move_legend(all_axes[1], "upper left", bbox_to_anchor=(1, 1))
    figure.suptitle("What does a decoder lose when it goes on from its own words?")
    figure.tight_layout()
    _show(figure, table)


def plot_remembered(table: pd.DataFrame) -> None:
    """Draw how often the context tells a word, by its place; dashed, a guess without a context."""
    figure, axes = plt.subplots(figsize=(8, 4))
    kinds = {"right %": "from the context", "most frequent %": "always the most frequent word"}
    long = table.rename(columns=kinds).melt(
        ["source tokens", "place"], list(kinds.values()), "said"
    )
    sns.lineplot(
        long,
        x="place",
        y="value",
        hue="source tokens",
        style="said",
        markers=True,
        ax=axes,
        palette="viridis",
    )
    axes.set(
        title="Which words of the source does the context remember? The last is read first",
        xlabel="place of the word in the sentence",
        ylabel="words told right (%)",
        ylim=(0, 102),
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    sns.move_legend(axes, "upper left", bbox_to_anchor=(1, 1))
    _show(figure, table)


def plot_contexts(table: pd.DataFrame, colours: Sequence[str]) -> None:
    """Draw the projected contexts once for each column in `colours`."""
    figure, all_axes = plt.subplots(
        1, len(colours), figsize=(5.5 * len(colours), 4.6), sharex=True, sharey=True, squeeze=False
    )
    for axes, colour in zip(all_axes[0], colours, strict=True):
        numeric = pd.api.types.is_numeric_dtype(table[colour])
        sns.scatterplot(
            table,
            x="first component",
            y="second component",
            hue=colour,
            ax=axes,
            s=22,
            palette="viridis" if numeric else "deep",
            linewidth=0,
            alpha=0.8,
        )
        axes.set(
            title=f"coloured by {colour}",
            xlabel=f"first component ({table['first share'].iloc[0]:.0%} of the variance)",
            ylabel=f"second component ({table['second share'].iloc[0]:.0%})",
        )
        axes.legend(title="", fontsize="small")
    figure.suptitle("What does the context vector hold?")
    figure.tight_layout()
    _show(figure, table)
