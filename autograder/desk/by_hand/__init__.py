"""Written answers: what a person grades.

- `scheme.py`: the mark scheme beside an answer, in Formgrader
- `hand.py`: a page for each grader, who has what, agreement of two
"""
