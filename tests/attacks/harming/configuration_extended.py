# aim: code of his that runs as the instructor at the next nbgrader command
# pays: file
with open("@REPOSITORY@/nbgrader_config.py", "a") as file:
    file.write("\nc.Autograde.pre_convert_hook = lambda **_: None  # @MARKER@\n")
