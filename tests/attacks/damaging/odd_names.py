# aim: a command, a path or an end of line where a list of files is expected
# pays: crash
# weak: lists the files handed in, as text
import os

import nbformat

NAMES = (b"-rf", b"$(touch x)", b"two\nlines", b"\x1b[2J", b" ", b"..notes", b"~", b"a" * 250)


def attack(folder, release, marker):
    nbformat.write(release, folder / "seq2seq.ipynb")
    for name in (*NAMES, b"caf\xe9.txt", b"seq2seq.ipynb\n"):
        with open(os.path.join(os.fsencode(folder), name), "w") as file:
            file.write("x")
