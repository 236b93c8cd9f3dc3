# aim: nobody's gain; an editor that saves text as 16-bit units
# pays: crash
# weak: reads UTF-8
import nbformat


def attack(folder, release, marker):
    (folder / "seq2seq.ipynb").write_text(nbformat.writes(release), encoding="utf-16")
