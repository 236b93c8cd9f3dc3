"""Runs nbgrader's own commands as a person would, and finds in their log why one failed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from .assignment import ROOT

# what a cause is called, in words that say what to do; nbgrader and the drivers name neither
WORDS = {
    r"database is locked": (
        "the gradebook is locked by another program, perhaps the Formgrader or another "
        "nbgrader; nothing is lost: close it, and run this again"
    ),
    r"readonly database|unable to open database file": (
        "the gradebook cannot be written: see who owns it and its folder, and whether the disk is "
        "mounted read-only"
    ),
    r"database or disk is full|No space left on device": "the disk is full; make room, run again",
    r"file is not a database|database disk image is malformed": (
        "the gradebook is damaged: put back a copy of gradebook.db, or move it away and run "
        "`make release`"
    ),
    r"connection to server at .*(?:Connection refused|could not translate host name)": (
        "the database server that db_url names does not answer: see whether it runs, and its name"
    ),
    r"no such (?:table|column)": (
        "the gradebook is of another nbgrader: keep a copy of it, then run `nbgrader db upgrade`"
    ),
    r"No module named '(psycopg2|psycopg|MySQLdb|pymysql|asyncpg|cx_Oracle|pyodbc)'": (
        "the driver of the database that db_url names is not installed: pip install {}"
    ),
    r"No assignment with ID '([^']*)'|No such assignment: ([\w-]*)": (
        "the gradebook has no assignment {!r}; `make release` puts it there"
    ),
}
DRIVERS = {  # packages of another name
    "psycopg": "'psycopg[binary]'",
    "psycopg2": "psycopg2-binary",
    "MySQLdb": "mysqlclient",
}
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
LEVEL = re.compile(r"^\[\w+ \| (?:ERROR|CRITICAL)\] ?(.*)")
# lines that point to others, and no others are shown
POINTERS = ("There was an error processing", "Please see the", "Did you mean", "Traceback (most")
OURS = re.compile(r"^(?:autograder|nbgrader)(?:\.\w+)+\.(?=\w+: )")


def nbgrader(*arguments: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run an nbgrader command in a course directory; what it logged is in `stderr`."""
    with nbgrader_started(*arguments, root=root) as process:
        _, log = process.communicate()
    return subprocess.CompletedProcess(arguments, process.returncode, "", log)


def nbgrader_started(*arguments: str, root: Path = ROOT) -> subprocess.Popen[str]:
    """Start an nbgrader command under this Python; its log can be read from `stderr`.

    A configuration that cannot be read ends it: nbgrader would go on with its defaults, and run
    students' code unconfined.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=root,
        env={
            **os.environ,
            "PATH": programs_first(),
            "PYTHONIOENCODING": "utf-8",
            "TRAITLETS_APPLICATION_RAISE_CONFIG_FILE_ERROR": "1",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )


def programs_first() -> str:
    """PATH with this Python's programs first: nbgrader calls `alembic` by name."""
    return str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")


def first_line(error: BaseException) -> str:
    """What an exception says, on one line, and what to do where that is known."""
    return in_words(f"{type(error).__name__}: {error}")


def last_error(log: str) -> str:
    """The line of an nbgrader log that says what went wrong; never one that points elsewhere."""
    raised, logged = [], []
    depth = None  # of a traceback's own lines: nbgrader's log indents what it did not begin
    for line in COLOURS.sub("", log).splitlines():
        error, indent = LEVEL.match(line), len(line) - len(line.lstrip())
        if line.lstrip().startswith('File "') and depth is None:
            depth = indent - 2
        elif error and not error[1].startswith(POINTERS):
            logged.append(error[1])
        elif depth is not None and line.strip() and indent <= depth:
            raised.append(line.strip())
            depth = None
    return in_words((raised or logged or ["no message"])[-1])


def in_words(cause: str) -> str:
    """A cause on one line, and what to do where that is known."""
    for pattern, words in WORDS.items():
        match = re.search(pattern, cause)
        if match:
            names = [name for name in match.groups() if name]
            return words.format(*(DRIVERS.get(name, name) for name in names))
    lines = OURS.sub("", cause.strip()).splitlines()
    return lines[0] if lines else "no message"
