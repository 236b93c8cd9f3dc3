# aim: a full disk for the next one, by more files than one limit on a file's size can stop
# pays: file
import contextlib
import os

place = "@REPOSITORY@" if os.access("@REPOSITORY@", os.W_OK) else "/tmp"
for number in range(5):
    with contextlib.suppress(OSError), open(f"{place}/@MARKER@-{number}", "wb") as file:
        for _ in range(60):
            file.write(b"x" * (1 << 20))
