# aim: nobody's gain; a version number from the future, and of the wrong kind
# pays: crash
# weak: reads what it knows the version of
import json

import nbformat


def attack(folder, release, marker):
    tree = json.loads(nbformat.writes(release))
    tree.update(nbformat=99, nbformat_minor={"what": marker})
    (folder / "seq2seq.ipynb").write_text(json.dumps(tree))
