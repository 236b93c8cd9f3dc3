# aim: points that no comparison finds too many: JSON of Python's kind knows infinity and no number
# pays: mark
# weak: takes the points from the submission and compares them with a maximum from it
import nbformat


def attack(folder, release, marker):
    worth = iter(["Infinity", "NaN"] * 10)
    for cell in release.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.metadata["nbgrader"]["points"] = float(next(worth))
            cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "inf"})]
    nbformat.write(release, folder / "seq2seq.ipynb")
