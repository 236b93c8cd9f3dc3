# aim: a sentence, and code, that reads otherwise than it is: characters that turn what follows
# pays: shown
# never: \u202e@MARKER@
# weak: shows invisible characters
import nbformat


def attack(folder, release, marker):
    turned = f"\u202e{marker}\u202c\u2066\u200b"
    cells = [c for c in release.cells if c.metadata.get("nbgrader", {}).get("solution")]
    cells[0].source = f'def Encoder(**_):\n    raise ValueError("{turned}")'
    release.cells[-2].source = f"My answer: {turned}"
    for cell in release.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=turned)]
    nbformat.write(release, folder / "seq2seq.ipynb")
