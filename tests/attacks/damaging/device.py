# aim: what a device gives, or does, when it is read as a notebook
# pays: crash
# weak: opens whatever has the name
import os
import stat


def attack(folder, release, marker):
    try:
        os.mknod(folder / "seq2seq.ipynb", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:  # not root: a link to it is all one can hand in
        (folder / "seq2seq.ipynb").symlink_to("/dev/null")
