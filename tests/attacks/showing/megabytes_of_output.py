# aim: a page that no browser opens
# pays: shown
# never: end-@MARKER@
# weak: shows all of an output
import nbformat


def attack(folder, release, marker):
    text = "step 1: loss 0.5\n" * 500_000 + f"end-{marker}"
    cell = next(c for c in release.cells if c.id == "cell-015")
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    nbformat.write(release, folder / "seq2seq.ipynb")
