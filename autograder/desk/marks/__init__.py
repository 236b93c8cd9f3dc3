"""Everybody's marks, and the files in which they leave.

- `marks.py`: the marks, for whatever shows them
- `export.py`: `nbgrader export`: a file that a spreadsheet may open
- `lms.py`: files of Canvas, Moodle, Blackboard
- `handover.py`: files of Gradescope and for letters, and feedback in archives
- `command.py`: all of that from the command line
"""
