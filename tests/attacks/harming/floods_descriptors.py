# aim: a reader's memory: everything that can be written to is, without end
# pays: time
import contextlib
import os

block = b"\x00\x7f\xff\xff" * 16384  # to who reads lengths: two gigabytes are coming
while True:
    for number in (1, 2, *range(3, 128)):
        with contextlib.suppress(OSError):
            os.write(number, block)
