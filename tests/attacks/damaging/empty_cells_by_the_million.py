# aim: the grader's time and memory, by three million cells of two signs
# pays: time
# weak: wants a notebook of a format, whatever its size
import nbformat


def attack(folder, release, marker):
    text = nbformat.writes(release)
    cells = '"cells": ['
    (folder / "seq2seq.ipynb").write_text(text.replace(cells, cells + "{}," * 3_000_000))
