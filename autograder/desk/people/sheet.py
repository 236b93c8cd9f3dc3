"""A table in a text file, as spreadsheets and learning platforms write it."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.errors import SheetError
from autograder.files import decode_typed, write_whole
from autograder.text import line

DELIMITERS = ",;\t"
HINT = re.compile(r"\Asep=.\n")  # Excel's first line, which says what parts the cells


@dataclass(frozen=True)
class Sheet:
    """Cells, and how their file writes them: what is written back looks as what was read."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]  # of each row, in its file
    delimiter: str = ","
    encoding: str = "utf-8"
    quoted: bool = False  # every cell

    @staticmethod
    def read(file: Path) -> Sheet:
        """Read a file, whatever its encoding and whatever parts its cells; empty rows are left out.

        Raises:
            OSError: it cannot be read, or is no text.
            SheetError: it has no rows, or one with more cells than the first.
        """
        content = file.read_bytes()
        text, skipped = HINT.subn("", decode_typed(content, str(file)), count=1)
        first = text.partition("\n")[0]
        delimiter = max(DELIMITERS, key=lambda sign: len(next(csv.reader([first], delimiter=sign))))
        reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
        cells, lines = [], []
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    cells.append(row)
                    lines.append(reader.line_num + skipped)
        except csv.Error as error:
            raise SheetError(f"{file}, line {reader.line_num + skipped}: {error}") from error
        if not cells:
            raise SheetError(f"{file} is empty; its first row must name the columns")
        width = len(cells[0])
        for row, number in zip(cells, lines, strict=True):
            if any(cell.strip() for cell in row[width:]):
                raise SheetError(
                    f"{file}, line {number}: {len(row)} cells, and {width} columns; "
                    "quote what holds a sign that parts cells"
                )
        whole = [tuple((row + [""] * width)[:width]) for row in cells]
        return Sheet(
            header=whole[0],
            rows=tuple(whole[1:]),
            lines=tuple(lines[1:]),
            delimiter=delimiter,
            encoding=_encoding(content),
            quoted=first.startswith('"') and first.endswith('"'),
        )

    def text(self) -> str:
        """The text of its file, without a byte order mark."""
        file = io.StringIO()
        writer = csv.writer(
            file,
            delimiter=self.delimiter,
            quoting=csv.QUOTE_ALL if self.quoted else csv.QUOTE_MINIMAL,
            lineterminator="\r\n",
        )
        writer.writerows([self.header, *self.rows])
        return file.getvalue()

    def write(self, file: Path) -> None:
        """Write it, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        write_whole(file, self.text(), encoding=self.encoding, newline="")

    def column(self, *names: str) -> int | None:
        """The place of the first of these columns that there is; see `plain`."""
        known = [plain(name) for name in self.header]
        return next((known.index(name) for name in map(plain, names) if name in known), None)

    def values(self, column: int | None) -> list[str]:
        """A column's cells; of none, empty ones."""
        return ["" if column is None else row[column].strip() for row in self.rows]

    def with_rows(self, rows: list[tuple[str, ...]]) -> Sheet:
        """The same with other rows."""
        return replace(self, rows=tuple(rows), lines=tuple(range(2, len(rows) + 2)))


def plain(name: str) -> str:
    """A column's name without what programs write in different ways."""
    return line(re.sub(r"[\s_-]+", " ", name)).strip().casefold()


def _encoding(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig" if content.startswith(codecs.BOM_UTF8) else "utf-8"
