"""The instructor's desk: nbgrader's plug-ins, and everything about a class.

From what comes in to what goes out; each room may import those above it in the list:

- `pages/`: what may stand in a page that others open, and what a student's page says
- `people/`: who is in the class, what was granted to whom, who grades whose answer
- `submissions/`: who handed in what, when, and what being late costs
- `changes/`: what an instructor changes about files, dates and names during a term
- `marks/`: everybody's marks, and the files in which they leave
- `plugins/`: what `nbgrader_config.py` names in place of nbgrader's own
- `grading/`: grades a class, and again after something has changed
- `by_hand/`: written answers, and who grades them
- `report/`: pages about a graded class

The commands:

- `options.py`: their options
- `after.py`: runs those about a graded class
"""
