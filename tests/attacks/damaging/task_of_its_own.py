# aim: points for a task the course does not have
# pays: mark
# weak: sums over all cells that call themselves graded
import nbformat


def attack(folder, release, marker):
    terms = {"grade": True, "grade_id": "test_bonus", "locked": True, "points": 50}
    bonus = nbformat.v4.new_code_cell("pass", metadata={"nbgrader": {**terms, "solution": False}})
    bonus.metadata["nbgrader"] |= {"schema_version": 3, "task": False, "cell_type": "code"}
    bonus.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "50"})]
    release.cells.append(bonus)
    nbformat.write(release, folder / "seq2seq.ipynb")
