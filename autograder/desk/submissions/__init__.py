"""What was handed in: by whom, when, in which files.

- `clock.py`: when a submission came, by the server's clock
- `owner.py`: by whose account it came
- `lateness.py`: what being late costs
- `roster.py`: who handed in what, and what is not graded
- `staging.py`: what nbgrader's converters see of a student's folder
- `entries.py`: the gradebook's entries of it
- `waiting.py`: what of it waits for a person
- `table.py`: all of it as a table
"""
