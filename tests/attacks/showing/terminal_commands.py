# aim: a terminal that hides a line, changes its title, or types for whoever reads
# pays: shown
# never: \x1b]0;@MARKER@
# never: \x9b31m@MARKER@
# never: \x1b[2J@MARKER@
# weak: prints an exception's message as it is
import nbformat


def attack(folder, release, marker):
    says = f"\x1b[2J{marker}\x1b]0;{marker}\x07\x9b31m{marker}\r\x1b[1A90 of 90 points"
    cells = [c for c in release.cells if c.metadata.get("nbgrader", {}).get("solution")]
    cells[0].source = f"def Encoder(**_):\n    raise ValueError({says!r})"
    for cell in release.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=says)]
    nbformat.write(release, folder / "seq2seq.ipynb")
