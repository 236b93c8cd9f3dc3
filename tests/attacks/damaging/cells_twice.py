# aim: nobody's gain; all cells pasted once more, as happens
# pays: crash
# weak: wants each cell id once
import json

import nbformat


def attack(folder, release, marker):
    tree = json.loads(nbformat.writes(release))
    tree["cells"] *= 2
    (folder / "seq2seq.ipynb").write_text(json.dumps(tree))
