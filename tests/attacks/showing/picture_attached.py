# aim: script in a picture that is attached to the written answer
# pays: shown
# never: data:image/svg+xml
# weak: shows what is attached to a cell
import base64

import nbformat


def attack(folder, release, marker):
    answer = release.cells[-2]
    answer.source = "![plot](attachment:plot.svg)"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{marker}()"/>'.encode()
    answer["attachments"] = {"plot.svg": {"image/svg+xml": base64.b64encode(svg).decode()}}
    nbformat.write(release, folder / "seq2seq.ipynb")
