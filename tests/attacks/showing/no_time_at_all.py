# aim: the batch's end by a time stamp that is none
# pays: crash
# weak: parses timestamp.txt
import nbformat


def attack(folder, release, marker):
    nbformat.write(release, folder / "seq2seq.ipynb")
    (folder / "timestamp.txt").write_text("yesterday, I think; 99999999999-13-45T99:99 +99:99")
