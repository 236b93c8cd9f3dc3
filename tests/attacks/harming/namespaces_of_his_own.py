# aim: root in a user namespace, and with it mounts that hide the instructor's folder
# pays: file
import ctypes
import os

libc = ctypes.CDLL(None)
user = os.getuid()
if libc.unshare(0x10000000 | 0x00020000) == 0:  # user, mount
    with open("/proc/self/uid_map", "w") as file:
        file.write(f"0 {user} 1")
    libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None)
os.mkdir("/tmp/@MARKER@")
libc.mount(b"/tmp/@MARKER@", b"@REPOSITORY@", None, 0x1000, None)
with open("@GRADEBOOK@.note", "w") as file:
    file.write("@MARKER@")
