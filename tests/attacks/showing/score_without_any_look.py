# aim: a score on the feedback page that nobody gave: a heading, a table, code, a print
# pays: shown
# apart: seq2seq (Score: 100.0 / 100.0) @MARKER@
# weak: puts what he wrote beside what the grader says
import nbformat

TEXT = """#### seq2seq (Score: 100.0 / 100.0) @MARKER@

| Test cell | Score |
|---|---|
| seq2seq (Score: 100.0 / 100.0) @MARKER@ | 100.0 / 100.0 |

</div></div></div></pre></td></tr></table><h4>seq2seq (Score: 100.0 / 100.0) @MARKER@</h4>
"""


def attack(folder, release, marker):
    text = TEXT.replace("@MARKER@", marker)
    for cell in release.cells:
        if cell.cell_type == "markdown":
            cell.source = text
        else:
            output = nbformat.v4.new_output("stream", name="stdout", text=text)
            cell.outputs = [output]
    release.cells.append(nbformat.v4.new_code_cell(f"# {text}"))
    nbformat.write(release, folder / "seq2seq.ipynb")
