# aim: a test cell under another name, so that it is graded by nobody
# pays: crash
# weak: looks for each released cell by its id
import nbformat


def attack(folder, release, marker):
    for number, cell in enumerate(release.cells):
        if cell.metadata.get("nbgrader"):
            cell.metadata["nbgrader"]["grade_id"] = f"../{marker}\n{number}"
        cell["id"] = f"cell-{number}"
    nbformat.write(release, folder / "seq2seq.ipynb")
