# aim: nobody's gain; two versions merged and not resolved
# pays: crash
# weak: wants JSON
import nbformat


def attack(folder, release, marker):
    lines = nbformat.writes(release).splitlines()
    middle = len(lines) // 2
    ours, theirs = lines[middle : middle + 3], lines[middle + 1 : middle + 4]
    conflict = ["<<<<<<< HEAD", *ours, "=======", *theirs, ">>>>>>> main"]
    text = "\n".join(lines[:middle] + conflict + lines[middle:])
    (folder / "seq2seq.ipynb").write_text(text)
