# aim: a file outside his scratch, past whatever looks at the beginning of paths
# pays: file
with open("/proc/self/root@GRADEBOOK@.note", "w") as file:
    file.write("@MARKER@")
