"""Notebooks: the lesson that is released, and what comes back.

- `lesson.py`: percent-format lesson to notebook
- `reader.py`: reads a submitted notebook, however damaged
- `budget.py`: how much of the judge one notebook may have
- `kinds.py`: names what a file is that should be a notebook and is none
- `outputs.py`: what of a cell's outputs and pictures is taken
- `pictures.py`: draws a student's pictures anew
- `repair.py`: puts a student's cells back into the released shape
- `rewriting.py`: keeps IPython's rewriting of cells cheap
"""
