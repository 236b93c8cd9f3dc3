"""Notebooks: the lesson that is released, and what comes back.

- `lesson.py`: percent-format lesson to notebook
- `reader.py`: reads a submitted notebook, however damaged
- `kinds.py`: names what a file is that should be a notebook and is none
- `outputs.py`: what of a cell's outputs and pictures is taken
- `repair.py`: puts a student's cells back into the released shape
"""
