"""The pictures that explain the lesson: how the network works, and where its states go."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.patches import Rectangle
from sheet import BLUE, FAINT, GREEN, GREY, INK, LOOK, ORANGE, PAPER, RED, Picture, Sheet
from trees import own_beam, worked_beam

__all__ = [
    *("unrolled", "bottleneck", "padding", "feeding", "copied_states"),
    *("worked_beam", "own_beam"),
]

SOURCE = ["the", "cat", "sleeps", "."]
TARGET = ["le", "chat", "dort", ".", "EOS"]


def unrolled() -> Picture:
    """The encoder and the decoder with two layers, step by step, and where the state goes."""
    with mpl.rc_context(LOOK):
        sheet = Sheet(520)
        sheet.title(16, "Encoder: reads the source")
        sheet.text(27, 42, "outputs: not used in this module", ha="left", color=FAINT)
        columns = [56, 136, 216, 296]
        for x, word in zip(columns, SOURCE, strict=True):
            sheet.box(x, 172, word)
            sheet.arrow((x, 159), (x, 139))
            sheet.box(x, 124, "layer 1", colour=BLUE)
            sheet.arrow((x, 111), (x, 91))
            sheet.box(x, 76, "layer 2", colour=BLUE)
            sheet.arrow((x, 63), (x, 51), colour=FAINT)
            for y in (76, 124):
                end = x + 51 if x < columns[-1] else 362
                sheet.arrow((x + 29, y), (end, y), colour=GREEN[1])
        for y, number in ((76, 2), (124, 1)):
            sheet.box(400, y, f"h, c of\nlayer {number}", colour=GREEN, width=76, height=40)
        sheet.text(400, 42, "the context", fontweight="bold", color=GREEN[1])

        sheet.text(212, 202, "copied unchanged, layer by layer", color=GREEN[1])
        down = [(400, 144), (400, 216), (28, 216), (28, 424), (41, 424)]
        sheet.arrow(*down, colour=GREEN[1])
        down = [(438, 76), (454, 76), (454, 228), (14, 228), (14, 376), (41, 376)]
        sheet.arrow(*down, colour=GREEN[1])
        sheet.title(254, "Decoder: writes the target", x=40)
        columns = [70, 156, 242, 328, 414]
        inputs = ["BOS", *TARGET[:-1]]
        for x, given, said in zip(columns, inputs, TARGET, strict=True):
            sheet.box(x, 474, given)
            sheet.arrow((x, 461), (x, 439))
            sheet.box(x, 424, "layer 1", colour=ORANGE)
            sheet.arrow((x, 411), (x, 391))
            sheet.box(x, 376, "layer 2", colour=ORANGE)
            sheet.arrow((x, 363), (x, 343))
            sheet.box(x, 330, "linear", colour=ORANGE, height=22)
            sheet.arrow((x, 319), (x, 301))
            sheet.box(x, 286, said)
            if x < columns[-1]:
                for y in (376, 424):
                    sheet.arrow((x + 29, y), (x + 57, y), colour=GREEN[1])
                back = [(x + 29, 286), (x + 43, 286), (x + 43, 474), (x + 57, 474)]
                sheet.arrow(*back, colour=FAINT, dashed=True)
        sheet.arrow((20, 505), (50, 505), colour=GREEN[1])
        sheet.text(56, 505, "the state (h, c) of a layer", ha="left")
        sheet.arrow((250, 505), (280, 505), colour=FAINT, dashed=True)
        sheet.text(286, 505, "is the next input", ha="left")
        return sheet.picture(
            "The network, step by step. The encoder reads the, cat, sleeps, full stop, one word at "
            "each step. Each word goes up through two LSTM layers. Each layer gives its state "
            "(h, c) to the right. After the last word, the states of layer 1 and layer 2 are the "
            "context. They are copied unchanged: layer 1 of the decoder starts from layer 1 of the "
            "encoder, layer 2 from layer 2. The decoder reads BOS, le, chat, dort, full stop and "
            "writes le, chat, dort, full stop, EOS: each word is the next input."
        )


def bottleneck(hidden_dim: int = 8) -> Picture:
    """A short and a long sentence, kept in the same number of numbers."""
    short = ["the", "cat", "sleeps", "."]
    long = [
        *("the", "old", "man", "who", "lost", "his", "black", "coat"),
        *("in", "the", "garden", "does", "not", "sleep", "today", "."),
    ]
    with mpl.rc_context(LOOK):
        sheet = Sheet(330)
        for middle, words in ((118, short), (362, long)):
            sheet.text(middle, 18, f"{len(words)} words", fontweight="bold", fontsize=14)
            rows = [words[start : start + 4] for start in range(0, len(words), 4)]
            for row, chunk in enumerate(rows):
                for column, word in enumerate(chunk):
                    x = middle - 84 + 56 * column
                    sheet.box(x, 48 + 30 * row, word, colour=BLUE, width=53, height=25, size=12)
            bottom = 48 + 30 * (len(rows) - 1) + 18
            sheet.arrow((middle, bottom), (middle, 192))
            sheet.box(middle, 222, colour=GREEN, width=hidden_dim * 18 + 36, height=54)
            for row, name in enumerate("hc"):
                y = 211 + 22 * row
                sheet.text(middle - hidden_dim * 9 - 6, y, name, zorder=4)
                for column in range(hidden_dim):
                    x = middle - hidden_dim * 9 + 6 + 18 * column
                    corner = (x, y - 8)
                    sheet.axes.add_patch(
                        Rectangle(corner, 15, 16, facecolor=PAPER, edgecolor=GREEN[1], zorder=4)
                    )
            sheet.arrow((middle, 249), (middle, 272))
            sheet.text(middle, 284, "all that the decoder gets")
            share = 2 * hidden_dim / len(words)
            told = f"{2 * hidden_dim} numbers: {share:g} for each word"
            sheet.text(middle, 308, told, fontweight="bold", color=GREEN[1])
        sheet.axes.axvline(240, color="#d5dadd", linewidth=1)
        return sheet.picture(
            f"Two sentences side by side. The left one has {len(short)} words, the right one "
            f"{len(long)}. Both go into a context of the same size: h and c, {hidden_dim} numbers "
            f"each. That is {2 * hidden_dim / len(short):g} numbers for each word of the short "
            f"sentence, and {2 * hidden_dim / len(long):g} for each word of the long one."
        )


def padding() -> Picture:
    """What padding does to a state, and what packing does instead."""
    values = [[4.0, 2.0, 2.0, 0.0], [2.0, 4.0, 0.0, 0.0]]
    lengths = [3, 2]
    states = [[4.0, 4.0, 4.0, 2.0], [2.0, 5.0, 2.5, 1.25]]
    columns = [112, 186, 260, 334]
    with mpl.rc_context(LOOK):
        sheet = Sheet(618)
        for top, packed in ((0, False), (320, True)):
            if packed:
                sheet.title(top + 16, "With packing: each row stops at its length", color=GREEN[1])
            else:
                sheet.title(top + 16, "Without packing: the padding is read too", color=RED[1])
            sheet.text(432, top + 40, "context", fontweight="bold")
            for x, step in zip(columns, range(1, 5), strict=True):
                running = [str(row) for row in (0, 1) if lengths[row] >= step]
                told = f"step {step}"
                sheet.text(x, top + 40, told)
                if packed:
                    rows = ", ".join(running) or "no row"
                    colour = GREEN[1] if running else FAINT
                    rows = f"row{'s' * (len(running) > 1)} {rows}" if running else rows
                    sheet.text(x, top + 56, rows, color=colour)
            for row in (0, 1):
                base = top + 134 + 122 * row
                sheet.text(12, base - 22, f"row {row}", ha="left", fontweight="bold")
                sheet.text(12, base - 6, f"length {lengths[row]}", ha="left")
                sheet.text(12, base + 18, "input", ha="left", color=FAINT)
                for step, x in enumerate(columns):
                    real = step < lengths[row]
                    if real:
                        sheet.box(x, base + 18, f"{values[row][step]:g}", width=46, height=24)
                    else:
                        sheet.hatched(x, base + 18, 46, 24)
                        sheet.text(x, base + 18, "PAD", zorder=5, backgroundcolor="#f5f6f7")
                    if packed and not real:
                        continue
                    height = 11 * states[row][step]
                    colour = BLUE if real else RED
                    sheet.axes.add_patch(
                        Rectangle(
                            (x - 15, base - height),
                            30,
                            height,
                            facecolor=colour[0],
                            edgecolor=colour[1],
                            linewidth=1.4,
                            zorder=3,
                        )
                    )
                    sheet.text(x, base - height - 9, f"{states[row][step]:g}")
                    last = lengths[row] - 1 if packed else 3
                    if step < last:
                        sheet.arrow((x + 17, base - 6), (x + 57, base - 6), colour=INK)
                taken = lengths[row] - 1 if packed else 3
                colour = GREEN if packed else RED
                sheet.arrow((columns[taken] + 17, base - 6), (405, base - 6), colour=colour[1])
                answer = f"{states[row][taken]:g}"
                sheet.box(432, base - 6, answer, colour=colour, width=50, fontweight="bold")
        sheet.axes.axhline(308, color="#d5dadd", linewidth=1)
        return sheet.picture(
            "The two rows of the table, drawn twice; the height of a bar is the state. Above, the "
            "network reads the padding too: row 0 ends with 2 instead of 4, row 1 with 1.25 "
            "instead of 5, because every padded step halves the state. Below, with packing, each "
            "row stops at its length: steps 1 and 2 run rows 0 and 1, step 3 runs row 0 alone, "
            "step 4 runs no row. The contexts are 4 and 5."
        )


def feeding() -> Picture:
    """Teacher forcing and free running on one sentence: which word goes in next."""
    wrong = ["le", "chien", "mange", "pas", "."]
    said = {True: ["le", "chien", "dort", ".", "EOS"], False: wrong}
    columns = [112, 196, 280, 364, 448]
    with mpl.rc_context(LOOK):
        sheet = Sheet(500)
        for top, forced in ((0, True), (250, False)):
            name = "Teacher forcing: the correct word goes in"
            sheet.title(
                top + 18,
                name if forced else "Free running: the model's own word goes in",
                color=BLUE[1] if forced else ORANGE[1],
            )
            for y, label in ((56, "correct"), (114, "model\nsays"), (196, "input")):
                sheet.text(10, top + y, label, ha="left", fontweight="bold")
            given = ["BOS", *(TARGET if forced else wrong)[:-1]]
            for step, x in enumerate(columns):
                right = said[forced][step] == TARGET[step]
                sheet.box(x, top + 56, TARGET[step], colour=BLUE, width=56)
                sheet.box(x, top + 114, said[forced][step], colour=ORANGE, width=56)
                sign = "=" if right else "≠"
                colour = GREEN[1] if right else RED[1]
                sheet.text(x, top + 84, sign, fontsize=15, color=colour, fontweight="bold")
                own = not forced and step > 0
                sheet.box(
                    x,
                    top + 196,
                    given[step],
                    colour=GREY if step == 0 else ORANGE if own else BLUE,
                    width=56,
                )
                sheet.arrow((x, top + 183), (x, top + 129), colour=FAINT)
                if step + 1 < len(columns):
                    start = 56 if forced else 114
                    gap = x + 42
                    path = [(x + 28, start), (gap, start), (gap, 196), (x + 55, 196)]
                    edge = BLUE[1] if forced else ORANGE[1]
                    sheet.arrow(*[(px, top + py) for px, py in path], colour=edge)
            told = (
                "It stays one mistake: the next step starts from the correct word."
                if forced
                else "One mistake leads to the next: the model goes on from its own word."
            )
            sheet.text(12, top + 230, told, ha="left")
        sheet.axes.axhline(248, color="#d5dadd", linewidth=1)
        return sheet.picture(
            "The target le chat dort, full stop, EOS, twice. With teacher forcing the model says "
            "le, chien, dort, full stop, EOS. Its second word is wrong, but arrows go from each "
            "correct word to the next input, so that the third word is right again. In free "
            "running, arrows go from each word that the model says to its next input. After chien "
            "it says mange, pas, full stop: all wrong. Both times its words are compared with the "
            "correct ones."
        )


def copied_states() -> Picture:
    """Why the states are copied: each hypothesis goes on from the state of its parent."""
    with mpl.rc_context(LOOK):
        sheet = Sheet(252)
        left, right = 96, 372
        sheet.text(left, 18, "live before", fontweight="bold", fontsize=14)
        sheet.text(right, 18, "live after", fontweight="bold", fontsize=14)
        before = [("b", "column 0"), ("a", "column 1")]
        for row, (words, place) in enumerate(before):
            y = 66 + 78 * row
            sheet.box(left - 34, y, words, colour=BLUE, width=56)
            sheet.box(left + 44, y, f"state of {words}", colour=GREEN, width=84)
            sheet.text(left + 44, y + 23, place, color=FAINT)
        after = [("a a", 1), ("a b", 1)]
        for row, (words, parent) in enumerate(after):
            y = 66 + 78 * row
            sheet.box(right - 44, y, f"state of {before[parent][0]}", colour=GREEN, width=84)
            sheet.box(right + 40, y, words, colour=BLUE, width=66)
            sheet.text(right - 44, y + 23, f"parent: column {parent}", color=FAINT)
            sheet.arrow((left + 87, 66 + 78 * parent), (right - 87, y), colour=GREEN[1])
        sheet.text(left + 94, 48, "no child:\ndropped", color=RED[1], ha="left")
        told = (
            "Both hypotheses that are kept begin with a. Both need the\n"
            "state after a. The state after b is not needed."
        )
        sheet.text(12, 216, told, ha="left", linespacing=1.5)
        return sheet.picture(
            "Before the step two hypotheses are live: b, with its state in column 0, and a, with "
            "its state in column 1. After the step a a and a b are live. Both are children of a, "
            "so both go on from a copy of the state in column 1. The state of b has no child and "
            "is dropped."
        )
