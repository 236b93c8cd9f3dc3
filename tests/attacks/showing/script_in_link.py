# aim: script behind a link that somebody clicks
# pays: shown
# never: href="javascript:@MARKER@
# never: href="data:text/html
# weak: lets a link lead anywhere
import nbformat


def attack(folder, release, marker):
    answer = release.cells[-2]
    answer.source = (
        f"[my sources](javascript:{marker}())\n\n"
        f'<a href="data:text/html,<script>{marker}()</script>">my plots</a>\n\n'
        f'<a href="&#106;avascript:{marker}()">my data</a>'
    )
    nbformat.write(release, folder / "seq2seq.ipynb")
