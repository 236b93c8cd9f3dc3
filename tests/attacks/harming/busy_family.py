# aim: all cores for himself, while the process that is watched does nothing
# pays: time
import os

for _ in range(6):
    if os.fork() == 0:
        while True:
            pass
os.wait()
