"""The figures of the lesson, each drawn from a table of numbers."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.ticker import MaxNLocator

BARS = "steelblue"


def set_style() -> None:
    """Give all figures of the notebook one look."""
    sns.set_theme(style="whitegrid", rc={"figure.dpi": 100, "axes.titlesize": "medium"})


def plot_losses(steps: pd.DataFrame, epochs: pd.DataFrame) -> None:
    """Draw the loss of every step and, epoch by epoch, the loss on the validation pairs."""
    _, axes = plt.subplots(figsize=(8, 4))
    sns.lineplot(
        steps,
        x="step",
        y="loss",
        ax=axes,
        color="lightsteelblue",
        linewidth=0.8,
        label="training, each batch",
    )
    sns.lineplot(
        epochs,
        x="step",
        y="training loss",
        ax=axes,
        color=BARS,
        marker="o",
        label="training, mean of an epoch",
    )
    sns.lineplot(
        epochs,
        x="step",
        y="validation loss",
        ax=axes,
        color="darkorange",
        marker="o",
        label="validation",
    )
    axes.set(
        title="Does the translator learn, and does it overfit?",
        xlabel="training step",
        ylabel="loss a token (nats)",
        ylim=(0, None),
    )
    axes.legend()
    plt.show()


def plot_beams(table: pd.DataFrame) -> None:
    """Draw quality, model score and time against the way of decoding."""
    panels = {
        "BLEU": "BLEU",
        "mean log-probability": "mean log-probability",
        "seconds": "seconds for all sentences",
    }
    figure, all_axes = plt.subplots(1, len(panels), figsize=(12, 3.6))
    for axes, (column, label) in zip(all_axes, panels.items(), strict=True):
        measured = table.dropna(subset=[column])  # greedy decoding reports no log-probability
        sns.pointplot(measured, x="decoding", y=column, ax=axes, color=BARS)
        axes.set(xlabel="", ylabel=label)
        axes.tick_params(axis="x", rotation=30)
    all_axes[-1].set_ylim(0, None)
    figure.suptitle("What does a wider beam buy, and what does it cost?")
    figure.tight_layout()
    plt.show()


def plot_lengths(table: pd.DataFrame) -> None:
    """Draw BLEU, chrF and exact translations for each group of source lengths."""
    measures = ["BLEU", "chrF", "exact %"]
    long = table.melt("source tokens", measures, var_name="measure", value_name="value")
    _, axes = plt.subplots(figsize=(8, 4))
    sns.barplot(long, x="source tokens", y="value", hue="measure", ax=axes, palette="deep")
    axes.set(
        title="Does quality fall with the length of the source?",
        xlabel="tokens in the source sentence",
        ylabel="BLEU, chrF, % exact",
        ylim=(0, 100),
    )
    sns.move_legend(axes, "upper left", bbox_to_anchor=(1, 1), title="")
    plt.show()


def plot_curves(table: pd.DataFrame, setting: str, title: str) -> None:
    """Draw BLEU against epochs, one curve for each value of the column `setting`."""
    _, axes = plt.subplots(figsize=(8, 4))
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
    plt.show()


def plot_points(table: pd.DataFrame, colours: Sequence[str], shares: Sequence[float]) -> None:
    """Draw the projected contexts once for each property in `colours`."""
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
            xlabel=f"first component ({shares[0]:.0%} of the variance)",
            ylabel=f"second component ({shares[1]:.0%})",
        )
        axes.legend(title="", fontsize="small")
    figure.suptitle("What does the context vector hold?")
    figure.tight_layout()
    plt.show()
