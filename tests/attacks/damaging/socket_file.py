# aim: the reader's end by a name that cannot be opened at all
# pays: crash
# weak: expects one kind of error
import os
import socket


def attack(folder, release, marker):
    with socket.socket(socket.AF_UNIX) as server:
        there = os.open(folder, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{there}/seq2seq.ipynb")  # a short path, however deep it lies
        os.close(there)
