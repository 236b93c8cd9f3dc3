# aim: nobody's gain; test cells and tasks deleted, as happens
# pays: crash
# weak: looks for each released cell by its id
import nbformat


def attack(folder, release, marker):
    release.cells = [cell for cell in release.cells if not cell.metadata.get("nbgrader")]
    nbformat.write(release, folder / "seq2seq.ipynb")
