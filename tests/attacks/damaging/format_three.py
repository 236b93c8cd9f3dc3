# aim: nobody's gain; an editor that still writes worksheets
# pays: crash
# weak: wants the notebook's cells where format 4 has them
import json


def attack(folder, release, marker):
    cells = [
        {"cell_type": "code", "input": cell.source, "outputs": [], "language": "python"}
        for cell in release.cells
    ]
    tree = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": marker}}
    text = json.dumps({**tree, "worksheets": [{"cells": cells}]})
    (folder / "seq2seq.ipynb").write_text(text)
