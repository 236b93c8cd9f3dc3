"""The instructor's desk: nbgrader's plug-ins, and everything about a class.

Named in `nbgrader_config.py`:

- `plugins.py`: judges and proves where nbgrader would run code
- `exporters.py`: reads notebooks however damaged they are
- `generate.py`: builds a release aside, and exchanges it when all of it is done
- `staging.py`: what nbgrader's converters see of a student's folder
- `clock.py`: when a submission came, by the server's clock
- `page.py`: what of a submission may stand in a page that others open, and in a frame
- `templates/`: stand for nbconvert's own that load from foreign hosts
- `handback.py`: feedback through nbgrader's exchange
- `export.py`: the grades as a file that a spreadsheet may open

For a class:

- `classroom.py`: grades it
- `roster.py`: who handed in what, and what is not graded
- `table.py`: its table
- `amend.py`: accepts a file of another name, removes a student
- `class_commands.py`: the command line's part of what follows
- `class_data.py`: what is known of a graded class
- `figures.py`: its figures
- `plots.py`: draws them
- `class_report.py`: the page about a class, and its CSV
- `sample.py`: the sample class, in a course of its own
"""
