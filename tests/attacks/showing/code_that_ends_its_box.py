# aim: code that a page takes for its own end and for tags
# pays: shown
# never: </pre></div><script>@MARKER@
# weak: puts code into the page as it is
import nbformat


def attack(folder, release, marker):
    cell = next(c for c in release.cells if c.metadata.get("nbgrader", {}).get("solution"))
    cell.source = f"note = '</pre></div><script>{marker}()</script>'\n# <!--"
    nbformat.write(release, folder / "seq2seq.ipynb")
