"""What an instructor changes during a term.

- `amend.py`: accepts a file of another name
- `extension.py`: grants an extension, or excuses
- `renaming.py`: removes, renames and merges students
"""
