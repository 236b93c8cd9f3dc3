# aim: to be gone when time is up: who was asked ends, his twin goes on
# pays: process
import os
import time

for _ in range(20):
    if os.fork():
        os._exit(0)
time.sleep(600)
