"""Who is in the class: the lists that an instructor keeps, and how they reach the gradebook.

- `sheet.py`: a table in a text file, as other programs write it
- `students.py`: `students.csv`
- `enrol.py`: takes that list into the gradebook
- `grants.py`: what was granted to whom, and why: `extensions.jsonl`
- `shares.py`: who grades whose written answer: `shares.csv`
"""
