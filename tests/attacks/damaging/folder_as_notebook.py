# aim: the batch's end: where the file should be, a folder
# pays: crash
# weak: opens whatever has the name
import nbformat


def attack(folder, release, marker):
    (folder / "seq2seq.ipynb").mkdir()
    nbformat.write(release, folder / "seq2seq.ipynb" / "seq2seq.ipynb")
