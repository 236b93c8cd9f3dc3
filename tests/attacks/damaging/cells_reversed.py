# aim: nobody's gain; the last cell first
# pays: crash
# weak: runs or reads the cells in the order in which they come
import nbformat


def attack(folder, release, marker):
    release.cells.reverse()
    nbformat.write(release, folder / "seq2seq.ipynb")
