"""Files that bear a notebook's name and are none, and what must be said of each."""

from __future__ import annotations

import gzip
import io
import zipfile

from .environments import dumped, plain, solved


def _zipped(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, plain())
    return file.getvalue()


def _conflict() -> bytes:
    lines = plain().splitlines()
    ours, theirs = lines[30:33], lines[31:34]
    marked = [b"<<<<<<< HEAD", *ours, b"=======", *theirs, b">>>>>>> main"]
    return b"\n".join(lines[:30] + marked + lines[34:])


POINTER = b"""version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345
"""
SCRIPT = b"# ---\n# jupyter:\n#   jupytext: {}\n# ---\n\n# %%\nimport torch\n"

FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it is empty"),
    "blank": (b"\n  \n", "it is empty"),
    "zeros": (bytes(4096), "it is empty, as a full disk"),
    "lfs_pointer": (POINTER, "Git LFS pointer"),
    "web_page": (b"<!DOCTYPE html>\n<html><head><title>seq2seq</title>", "a web page (HTML)"),
    "web_page_with_mark": (b"\xef\xbb\xbf\n<html lang=en>", "a web page (HTML)"),
    "xml": (b'<?xml version="1.0"?><plist>', "a web page (HTML)"),
    "zip": (_zipped("seq2seq.ipynb"), "a zip archive"),
    "word": (_zipped("word/document.xml"), "a Word document"),
    "gzip": (gzip.compress(plain()), "an archive"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF"),
    "photo": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a picture"),
    "rich_text": (rb"{\rtf1\ansi {\fonttbl}}", "a text document (RTF)"),
    "link": (b"[InternetShortcut]\nURL=https://example.org/", "a link to a page"),
    "macos": (b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X", "a note of macOS's own"),
    "script": (SCRIPT, "a Python script"),
    "script_with_code_only": (b"import torch\n\nclass Encoder:\n    pass\n", "a Python script"),
    "script_of_nbconvert": (b"#!/usr/bin/env python\n# coding: utf-8\n", "a Python script"),
    "prose": (b"I could not open the notebook, sorry.", "it is text, but no notebook"),
    "conflict": (_conflict(), "merge conflict (<<<<<<< in line 31)"),
    "cut_off": (plain()[: len(plain()) // 2], "breaks off"),
    "trailing_comma": (plain().replace(b'"nbformat": 4,', b'"nbformat": 4,,'), "not valid JSON at"),
    "two_notebooks": (plain() + plain(), "not valid JSON at"),
    "other_json": (dumped({"settings": {"editor.fontSize": 12}}), "no list of cells"),
    "list_of_cells_only": (dumped(solved() | {"cells": None}), "no list of cells"),
    "json_text": (b'"seq2seq"', "no list of cells"),
    "bytes": (bytes(range(128, 256)), "not UTF-8 text"),
}
