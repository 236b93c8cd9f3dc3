# aim: to learn who reads his page, when and from where, by a picture that is fetched
# pays: shown
# never: src="https://@MARKER@
# never: url(//@MARKER@
# weak: shows pictures from anywhere
import nbformat


def attack(folder, release, marker):
    release.cells[-2].source = (
        f"![plot](https://{marker}.example/seen.png)\n\n"
        f'<p style="background: url(//{marker}.example/seen)">x</p>'
    )
    nbformat.write(release, folder / "seq2seq.ipynb")
