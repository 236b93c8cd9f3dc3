# aim: more points than there are, by what the test cells say they are worth
# pays: mark
# weak: takes what a test cell is worth from the submission
import nbformat


def attack(folder, release, marker):
    for cell in release.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.metadata["nbgrader"]["points"] = 999
            cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "999"})]
    nbformat.write(release, folder / "seq2seq.ipynb")
