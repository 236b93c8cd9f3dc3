# aim: a process of his that goes on after the grading and waits for the next
# pays: process
import os
import sys

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:  # nobody's child: not found by who looks among his own
        sleeper = "import time; time.sleep(600)"
        os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", sleeper, "@MARKER@"])
    os._exit(0)
