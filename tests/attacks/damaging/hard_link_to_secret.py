# aim: a file of the instructor's, by a second name beside the notebook
# pays: shown
# weak: copies what lies beside a notebook
import os

import nbformat


def attack(folder, release, marker):
    nbformat.write(release, folder / "seq2seq.ipynb")
    os.link("@SECRET_FILE@", folder / "notes.txt")
