# aim: two attempts for one: whichever is graded better
# pays: mark
# weak: grades every notebook it finds, and keeps the best
import copy

import nbformat


def attack(folder, release, marker):
    nbformat.write(release, folder / "seq2seq.ipynb")
    better = copy.deepcopy(release)
    for cell in better.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "20"})]
    for name in ("seq2seq (1).ipynb", "Seq2Seq.ipynb", "seq2seq-final.ipynb"):
        nbformat.write(better, folder / name)
