# aim: the grader's end when it writes: half a surrogate pair is legal JSON and no text
# pays: crash
# weak: writes what it has read
import json

import nbformat


def attack(folder, release, marker):
    tree = json.loads(nbformat.writes(release))
    for cell in tree["cells"]:
        cell["source"] += "\n# \ud800"
        cell.get("metadata", {})["note"] = "\udfff"
    (folder / "seq2seq.ipynb").write_text(json.dumps(tree))
