# aim: the reader's end by JSON that is valid and has a number where a text should be
# pays: crash
# weak: believes that what has the format's number has its shape
import json

import nbformat


def attack(folder, release, marker):
    tree = json.loads(nbformat.writes(release))
    for number, cell in enumerate(tree["cells"]):
        wrong = [None, 7, [None, 7], {"a": []}, True][number % 5]
        cell.update(source=wrong, metadata=wrong, outputs=wrong, id=wrong)
        cell["cell_type"] = "code" if number % 2 else wrong
    tree["cells"] += [None, 7, "cell", [[]]]
    tree["metadata"] = None
    (folder / "seq2seq.ipynb").write_text(json.dumps(tree))
