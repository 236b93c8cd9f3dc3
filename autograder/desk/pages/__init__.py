"""What may stand in a page that others open, and what a student's page says.

- `page.py`: makes what a submission brings harmless, and puts it in a frame
- `formulas.py`: formulas that browsers draw by themselves
- `outputs.py`: what the judge says, below the checks of a graded notebook
- `feedback.py`: what a student's page says besides the notebook
- `jinja.py`: fills our own templates
- `templates/`: of pages; one stands for nbconvert's own that loads from a foreign host
"""
