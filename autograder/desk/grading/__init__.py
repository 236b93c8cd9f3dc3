"""Grades a class, and again after something has changed.

- `classroom.py`: grades it
- `sample.py`: the sample class, in a course of its own
- `remark.py`: makes marks anew from stored verdicts, after a check was excused
- `regrade.py`: grades one student again, keeps what was said before
"""
