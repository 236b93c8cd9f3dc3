"""The command line with a stand-in for the judge, in a process that has loaded it already.

`python -m tests.stand_in SOCKET` waits there; what `client` returns is a program that has it run
its arguments, in a fork, as if it were `python -m autograder`.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

from autograder.__main__ import main
from autograder.pull import command

from .pulls import judge

CLIENT = """#!{python} -SE
import json, os, socket, sys
door = socket.socket(socket.AF_UNIX)
door.connect({place!r})
assert sys.argv[1:3] == ["-m", "autograder"], sys.argv
call = {{"arguments": sys.argv[3:], "folder": os.getcwd(), "environment": dict(os.environ)}}
socket.send_fds(door, [json.dumps(call).encode()], [1, 2])
code = door.recv(1)
sys.exit(code[0] if code else 70)
"""


def client(place: Path) -> str:
    """The program that stands for the Python of the grader's environment."""
    return CLIENT.format(python=sys.executable, place=str(place))


def serve(place: Path) -> None:
    """Answer one call after the other, each in a fork."""
    command.judge = lambda **_: judge
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(place))
        door.listen()
        print("ready", flush=True)
        while True:
            caller, _ = door.accept()
            with caller:
                message, descriptors, *_ = socket.recv_fds(caller, 1 << 20, 2)
                if os.fork() == 0:
                    os.dup2(descriptors[0], 1)
                    os.dup2(descriptors[1], 2)
                    call = json.loads(message)
                    os.environ.clear()
                    os.environ.update(call["environment"])
                    os.chdir(call["folder"])
                    code = main(call["arguments"])
                    sys.stdout.flush()
                    sys.stderr.flush()
                    caller.sendall(bytes([code]))
                    os._exit(0)
                for descriptor in descriptors:
                    os.close(descriptor)
                os.wait()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
