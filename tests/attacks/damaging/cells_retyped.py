# aim: nobody's gain; code cells turned into text and text into code, by one wrong key
# pays: crash
# weak: takes outputs from what is no code cell
import nbformat


def attack(folder, release, marker):
    makers = {"code": nbformat.v4.new_raw_cell, "markdown": nbformat.v4.new_code_cell}
    notes = "My notes:\n\n        a deeper line\n    and one that is less deep\n"
    release.cells.append(nbformat.v4.new_markdown_cell(notes))  # no code, to whoever reads it so
    release.cells = [
        makers[cell.cell_type](cell.source, metadata=cell.metadata) for cell in release.cells
    ]
    nbformat.write(release, folder / "seq2seq.ipynb")
