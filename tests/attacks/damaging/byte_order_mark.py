# aim: nobody's gain; an editor that begins every file with an invisible character
# pays: crash
# weak: reads JSON that begins with JSON
import nbformat


def attack(folder, release, marker):
    (folder / "seq2seq.ipynb").write_text(nbformat.writes(release), encoding="utf-8-sig")
