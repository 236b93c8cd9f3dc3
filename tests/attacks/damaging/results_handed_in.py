# aim: the grader's own result files, written beforehand
# pays: mark
# weak: takes results that are there for its own
import json

import nbformat


def attack(folder, release, marker):
    nbformat.write(release, folder / "seq2seq.ipynb")
    points = {"points": 90.0, "max_points": 90.0, "score": 100, "student": "neighbour-untouched"}
    for name in ("seq2seq.json", "results.json", "report.json"):
        (folder / name).write_text(json.dumps({"schema": "autograder-report/2", **points}))
    (folder / "seq2seq.html").write_text(f"<b>90 of 90 points {marker}</b>")
    (folder / "gradebook.db").write_text(marker)
