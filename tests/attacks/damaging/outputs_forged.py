# aim: the points that a test cell's output says, written by hand
# pays: mark
# weak: takes the points from the test cells' outputs
import nbformat


def attack(folder, release, marker):
    for cell in release.cells:
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "code":
            points = str(cell.metadata["nbgrader"]["points"])
            cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": points})]
            cell.execution_count = 1
    nbformat.write(release, folder / "seq2seq.ipynb")
