# aim: another's mark, by a second name of her file, which looks like any file
# pays: mark
# weak: does not count a file's names
import os


def attack(folder, release, marker):
    os.link("@NEIGHBOUR@", folder / "seq2seq.ipynb")
