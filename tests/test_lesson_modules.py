"""The modules beside the lesson, as a notebook shows them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat

from autograder.assignment import ROOT

EPOCHS = 3
TRAINING = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "solutions" / "seq2seq")!r}]
import torch
from data.pairs import Pair
from data.vocabulary import Vocabulary
from training import Toolbox, train

pairs = [Pair("I see .", "je vois .")] * 4000
words = Vocabulary.from_sentences(["I see .", "je vois ."])
def train_step(model, optimizer, *batch):
    optimizer.step()
    return 0.5
tools = Toolbox(lambda: torch.nn.Linear(1, 1), globals(), words, words)
train(tools.new_model(), tools, pairs, pairs[:10], epochs={EPOCHS}, generator=torch.Generator(),
      batch_size=4)
None
"""


def test_training_prints_a_line_an_epoch_into_the_notebook_and_no_warning(tmp_path: Path) -> None:
    notebook = tmp_path / "seq2seq.ipynb"
    nbformat.write(
        nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(TRAINING)],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        ),
        notebook,
    )
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace"]
    done = subprocess.run([*command, str(notebook)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outputs = nbformat.read(notebook, as_version=4).cells[0].outputs
    assert {output.get("name", output.output_type) for output in outputs} == {"stdout"}
    lines = "".join(output.text for output in outputs).splitlines()
    assert [re.sub(r"\d+ s$", "", line) for line in lines] == [
        f"training: epoch {epoch} of {EPOCHS}, training loss 0.50, validation loss 0.50, "
        for epoch in range(1, EPOCHS + 1)
    ]
    assert len(outputs) <= EPOCHS
