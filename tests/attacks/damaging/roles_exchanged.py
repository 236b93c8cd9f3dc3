# aim: his own cell is the test, the test is his to write
# pays: mark
# weak: believes the flags that say which cell is graded
import nbformat


def attack(folder, release, marker):
    for cell in release.cells:
        terms = cell.metadata.get("nbgrader")
        if terms and cell.cell_type == "code":
            terms.update(grade=not terms["grade"], solution=not terms["solution"], locked=False)
            terms["points"] = 20
            cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "20"})]
    nbformat.write(release, folder / "seq2seq.ipynb")
