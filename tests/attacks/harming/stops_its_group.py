# aim: grader and neighbours frozen: a stopped process is not dead, and nobody starts another
# pays: time
import os
import signal

os.kill(0, signal.SIGSTOP)  # a process group may reach further than a process namespace
