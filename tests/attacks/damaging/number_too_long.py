# aim: the reader's end by a number with more digits than Python converts
# pays: crash
# weak: reads JSON without a care
def attack(folder, release, marker):
    text = '{"nbformat": 4, "nbformat_minor": ' + "9" * 5000 + ', "metadata": {}, "cells": []}'
    (folder / "seq2seq.ipynb").write_text(text)
