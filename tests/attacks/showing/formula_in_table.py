# aim: a formula that a spreadsheet evaluates, in the table of grades
# pays: shown
# never: =HYPERLINK("//@MARKER@
# weak: names authors in its table as the notebook does
import nbformat


def attack(folder, release, marker):
    formula = f'=HYPERLINK("//{marker}.example","grades")'
    release.metadata["authors"] = [{"name": formula}]
    release.metadata["title"] = formula
    nbformat.write(release, folder / "seq2seq.ipynb")
