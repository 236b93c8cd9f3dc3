"""The grader: from a lesson with its solutions to marks, feedback and grades.

The rooms, in the order in which a submission passes through them:

- `release/`: builds what students get, and refuses what leaks or grades wrongly
- `notebook/`: reads what they hand in, however damaged
- `wall/`: keeps their code in; its `inside/` is all of this package that runs there
- `judge/`: puts the checks' questions through the wall and decides
- `suites/`: the hidden checks, a folder an assignment
- `report/`: the record of a submission, and what is shown of it
- `cluster/`: asks many machines for marks, in place of this one
- `serve/`: stays, and grades what is posted to a Unix socket
- `desk/`: nbgrader's plug-ins, and everything about a class
- `pull/`: the same by pull request

On the ground floor:

- `__main__.py`: the command line
- `assignment.py`: where an assignment's parts lie, its tasks and their points
- `rubric.py`: what a task's points are given for
- `questions.py`: what a lesson asks before something is run
- `offering.py`: an assignment as it is given once: with the secret that inputs are drawn from
- `terms.py`: due dates, penalties, and how much is shown: `offering.toml`
- `course.py`: a course directory: its folders and its gradebook
- `commands.py`: runs nbgrader's own commands, says why one failed
- `doctor.py`: what holds on this machine, and how to mend what does not
- `records.py`: records read back with types, and errors that name the field
- `errors.py`: one tree of errors, each with its exit code
- `files.py`: files that people typed or handed in; files written whole or not at all
- `text.py`: text made inert for where it is shown
- `output.py`: what our commands print never stops them: any terminal, a closed pipe
- `progress.py`: how far a long piece of work has come, and how long it still takes
"""
