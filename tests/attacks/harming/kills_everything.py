# aim: the end of every process he may send a signal to
# pays: time
import os
import signal

os.kill(-1, signal.SIGKILL)
