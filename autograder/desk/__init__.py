"""The instructor's desk: nbgrader's plug-ins, and everything about a class.

Named in `nbgrader_config.py`:

- `plugins.py`: judges and proves where nbgrader would run code
- `exporters.py`: reads notebooks however damaged they are
- `generate.py`: builds a release aside, and exchanges it when all of it is done
- `staging.py`: what nbgrader's converters see of a student's folder
- `clock.py`: when a submission came, by the server's clock
- `outputs.py`: what the judge says, below the checks of a graded notebook
- `feedback.py`: what a student's page says besides the notebook
- `jinja.py`: fills our own templates
- `page.py`: what of a submission may stand in a page that others open, and in a frame
- `scheme.py`: the mark scheme beside a written answer, in Formgrader
- `templates/`: of pages; one stands for nbconvert's own that loads from a foreign host
- `handback.py`: feedback through nbgrader's exchange
- `lateness.py`: what being late costs
- `export.py`: the grades as a file that a spreadsheet may open

For a class:

- `options.py`: the options of the commands
- `sheet.py`: a table in a text file, as other programs write it
- `students.py`: who is in the class: `students.csv`
- `enrol.py`: takes that list into the gradebook
- `people.py`: removes, renames and merges students
- `grants.py`: what was granted to whom, and why: `extensions.jsonl`
- `extension.py`: grants an extension, or excuses
- `shares.py`: who grades whose written answer: `shares.csv`
- `hand.py`: their pages, who has what, agreement of two
- `marks.py`: everybody's marks, for whatever shows them
- `lms.py`: these in files of Canvas, Moodle, Blackboard
- `handover.py`: these for Gradescope and letters, and feedback in archives
- `marks_command.py`: all of that from the command line
- `classroom.py`: grades it
- `roster.py`: who handed in what, and what is not graded
- `table.py`: its table
- `amend.py`: accepts a file of another name
- `remark.py`: makes marks anew from stored verdicts, after a check was excused
- `regrade.py`: grades one student again, keeps what was said before
- `class_commands.py`: the options of the commands about a graded class
- `after.py`: runs these commands
- `class_data.py`: what is known of a graded class
- `figures.py`: its figures
- `plots.py`: draws them
- `class_report.py`: the page about a class, and its CSV
- `likeness.py`: which code is alike, and how rarely by chance
- `alike.py`: the page of submissions alike
- `sample.py`: the sample class, in a course of its own
"""
