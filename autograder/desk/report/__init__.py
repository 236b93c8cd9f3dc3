"""Pages about a graded class.

- `class_data.py`: what is known of it
- `figures.py`: its figures
- `plots.py`: draws them
- `class_report.py`: the page about it, and its CSV
- `likeness.py`: which code is alike, and how rarely by chance
- `alike.py`: the page of submissions alike
"""
