# aim: another's mark: his notebook is a link to hers
# pays: mark
# weak: opens what it is pointed to
def attack(folder, release, marker):
    (folder / "seq2seq.ipynb").symlink_to("@NEIGHBOUR@")
