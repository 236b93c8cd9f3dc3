"""Text that people type is read whatever their editor has saved it as."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.errors import NotText, OfferingError
from autograder.files import read_typed
from autograder.notebook.lesson import lesson_notebook
from autograder.offering import offering_salt
from autograder.pull.importing import read_roster
from autograder.terms import read_terms

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16"]  # Notepad's, with and without its mark


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_mark_and_line_ends_make_no_difference(tmp_path: Path, encoding: str, end: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(f"é ✓{end}second{end}".encode(encoding))
    assert read_typed(file) == "é ✓\nsecond\n"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_file_that_people_edit_is_read(
    tmp_path: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("[seq2seq]\r\nlate_days = 3\r\n", encoding=encoding, newline="")
    assert read_terms("seq2seq", file).late_days == 3
    file.write_text("login,student_id\r\nÉva,e1\r\n", encoding=encoding, newline="")
    assert read_roster(file) == {"éva": "e1"}
    file.write_text("secret\r\n", encoding=encoding, newline="")
    monkeypatch.delenv("AUTOGRADER_SALT", raising=False)
    monkeypatch.setattr("autograder.offering.SALT_FILE", file)
    assert offering_salt() == "secret"
    file.write_text("# %% [markdown]\r\n# Größe\r\n", encoding=encoding, newline="")
    cells = lesson_notebook(file).cells
    assert [(cell.cell_type, cell.source) for cell in cells] == [("markdown", "Größe")]


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "offering.toml"
    file.write_bytes("# né à Orléans".encode("latin-1"))
    with pytest.raises(NotText, match=r"offering\.toml is not UTF-8 text .*save it as UTF-8"):
        read_typed(file)
    with pytest.raises(OfferingError, match=r"offering\.toml is not UTF-8 text"):
        read_terms("seq2seq", file)
