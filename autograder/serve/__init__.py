"""A grader that stays: HTTP over a Unix socket, for a JupyterHub or a CI runner on this machine.

- `command.py`: `python -m autograder serve`, from options to exit code
- `unix_socket.py`: the socket: whose it is, and that nobody else serves there
- `server.py`: what is asked, and what is answered
- `judges.py`: the processes that grade, and who waits for one
"""
