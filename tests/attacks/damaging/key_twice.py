# aim: two notebooks in one file: a reviewer's tool shows the first, a grader reads the last
# pays: mark
# weak: takes the points from the test cells' outputs, of the last key of two
import json

import nbformat


def attack(folder, release, marker):
    honest = nbformat.writes(release)
    for cell in release.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "20"})]
    forged = json.dumps(json.loads(nbformat.writes(release))["cells"])
    text = honest.rstrip().removesuffix("}") + ', "cells": ' + forged + "}"
    (folder / "seq2seq.ipynb").write_text(text)
