# aim: a tag of his own where the data of a picture should be
# pays: shown
# never: "><script>@MARKER@
# weak: puts a plot's data into the page as it is
import nbformat

PNG = "iVBORw0KGgo="


def attack(folder, release, marker):
    for cell in release.cells:
        if cell.cell_type == "code":
            data = {"image/png": f'{PNG}"><script>{marker}()</script>'}
            cell.outputs = [nbformat.v4.new_output("display_data", data)]
    nbformat.write(release, folder / "seq2seq.ipynb")
