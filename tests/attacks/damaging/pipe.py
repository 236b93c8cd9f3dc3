# aim: a grader that waits for ever to open his file
# pays: time
# weak: opens whatever has the name
import os

import nbformat


def attack(folder, release, marker):
    os.mkfifo(folder / "seq2seq.ipynb")
    os.mkfifo(folder / "data.csv")
    nbformat.write(release, folder / "seq2seq-2.ipynb")
