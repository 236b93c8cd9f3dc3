"""Runs programs in forks of one process that has imported what is slow to import.

Run as a script. Every line of its input is a request as JSON, every line of its output an answer.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import traceback
from typing import Any, NoReturn

import IPython
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

SLOW = (IPython, pytest, torch)


def main() -> None:
    """Serve requests until there are none."""
    torch.set_num_threads(1)
    for line in sys.stdin:
        request = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                _work(request, out.fileno(), err.fileno())
            _, status = os.waitpid(child, 0)
            answer: dict[str, Any] = {"code": os.waitstatus_to_exitcode(status)}
            for name, file in (("stdout", out), ("stderr", err)):
                file.seek(0)
                answer[name] = file.read().decode(request["encoding"])
        print(json.dumps(answer), flush=True)


def _work(request: dict[str, Any], out: int, err: int) -> NoReturn:
    code = 1
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        encoding = request["encoding"]
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), encoding, write_through=True)
        sys.stderr = io.TextIOWrapper(
            io.FileIO(2, "w"), encoding, "backslashreplace", write_through=True
        )
        os.environ.update(request["environment"])
        os.chdir(request["cwd"])
        sys.path[:] = [*request["path"], *sys.path[1:]]  # instead of the folder of this script
        code = globals()[request["way"]](*request["given"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def in_python(program: str) -> int:
    """Run a program."""
    exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})
    return 0


def in_ipython(cells: list[tuple[str, str | None]]) -> int:
    """Run cells one after the other, as a notebook's kernel does."""
    quiet = Config({"HistoryManager": {"enabled": False}})
    shell = InteractiveShell.instance(config=quiet)
    shell.run_line_magic("colors", "nocolor")
    sys.stderr = sys.stdout
    for source, cell in cells:
        shell.run_cell(source, store_history=True, cell_id=cell)
    return 0


def in_pytest(arguments: list[str]) -> int:
    """Run plain `pytest`."""
    return int(pytest.main(arguments))


if __name__ == "__main__":
    main()
