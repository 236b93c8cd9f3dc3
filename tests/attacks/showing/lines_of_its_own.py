# aim: a line in the log that a build server takes for a command, or a person for another's mark
# pays: shown
# never: \n::error file=@MARKER@
# never: \nneighbour-solved: 0 of 90 points @MARKER@
# weak: prints an exception's message with its line ends
import nbformat


def attack(folder, release, marker):
    says = f"\n::error file={marker}::\nneighbour-solved: 0 of 90 points {marker}\n"
    cells = [c for c in release.cells if c.metadata.get("nbgrader", {}).get("solution")]
    cells[0].source = f"def Encoder(**_):\n    raise ValueError({says!r})"
    nbformat.write(release, folder / "seq2seq.ipynb")
