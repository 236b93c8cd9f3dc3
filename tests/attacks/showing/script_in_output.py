# aim: script that runs where his outputs are read: as HTML, as a picture, as a widget
# pays: shown
# never: <script>@MARKER@
# never: <svg onload="@MARKER@
# weak: shows outputs as they are
import nbformat


def attack(folder, release, marker):
    kinds = {
        "text/html": f"<script>{marker}</script>",
        "image/svg+xml": f'<svg onload="{marker}()"></svg>',
        "application/javascript": f"{marker}()",
        "text/markdown": f"<script>{marker}</script>",
        "text/latex": f"<script>{marker}</script>",
    }
    for cell in release.cells:
        if cell.cell_type == "code":
            cell.outputs = [
                nbformat.v4.new_output("display_data", {kind: text}) for kind, text in kinds.items()
            ]
    nbformat.write(release, folder / "seq2seq.ipynb")
