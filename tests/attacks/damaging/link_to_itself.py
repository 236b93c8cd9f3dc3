# aim: a copy that never ends: the folder holds a way back into itself
# pays: crash
# weak: copies folders and follows links
import nbformat


def attack(folder, release, marker):
    nbformat.write(release, folder / "seq2seq.ipynb")
    (folder / "again").symlink_to(".")
    (folder / "round.txt").symlink_to("round.txt")
