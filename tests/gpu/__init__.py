"""`make gpu`: everything that is said of GPUs, tried on a real one, in one command.

- `__main__.py`: runs the parts one after another, each in a process and within a time of its own
- `parts.py`: which parts there are, and what each needs
- `cases.py`: what a GPU accepts and refuses; tests/test_devices.py asserts it too
- `conformance.py`: these cases on the simulated and the real device side by side
- `recurrent.py`: which states cuDNN takes
- `spread.py`: how far the solution's numbers lie apart, by device and settings
- `entries.py`: device mistakes and right answers of the corpus, there
- `marks.py`: a class of eight, and its marks
- `walls.py`: the wall with device nodes in it
- `attacks.py`: the attacks of tests/attacks on that wall
- `page.py`: the figures as tables, for docs/devices.md

A part is a function of the device that yields names and values as they are found: what was found
before its time was over is kept. On "cpu" all is a dry run: the CPU, or the simulated GPU once
more, stands where the real device would.
"""
