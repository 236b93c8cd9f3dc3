"""The release: what students get, built and proved.

- `source.py`: writes the folder that nbgrader releases from
- `stated.py`: points that a lesson's text states, against those in its cells
- `asked.py`: questions that a lesson asks, each shown once and taken in a cell
- `suites.py`: checks that would not grade as they read
- `leaks.py`: markers amiss, and lines of a solution that survive
- `prove.py`: the solution earns everything, the untouched release nothing; builds twice
- `inputs.py`: names all that a release is made from
- `handout/`: what every release holds that brings none of its own
- `new.py`: writes the smallest assignment
- `smallest/`: that assignment
- `student_repo.py`: writes the students' repository
- `template/`: what it adds to a release
"""
