# aim: the test cells' own words, `from checks import check`, find his checks
# pays: mark
# weak: runs the test cells where the submission lies and believes what they return
import nbformat


def attack(folder, release, marker):
    nbformat.write(release, folder / "seq2seq.ipynb")
    (folder / "checks").mkdir()
    (folder / "checks" / "__init__.py").write_text(
        "def check(task, names):\n    print('passed')\n    return 20\n"
    )
