# aim: never late: the file that says when, written by himself
# pays: shown
# never: 2001-02-03 04:05:06
# gap: nbgrader believes the time stamp beside a submission
# weak: believes timestamp.txt
import nbformat


def attack(folder, release, marker):
    nbformat.write(release, folder / "seq2seq.ipynb")
    (folder / "timestamp.txt").write_text("2001-02-03 04:05:06 UTC")
