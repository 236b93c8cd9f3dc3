"""Pull requests: graded from git and an event, anywhere.

- `options.py`: the options of the commands
- `command.py`: one request, from options to exit code
- `event.py`: who opened a request, and when it came, as the server tells it
- `git.py`: a repository read as data, nothing checked out
- `handin.py`: which file of a request is the submission
- `grading.py`: grades a request, from git to the pages
- `outcome.py`: the record of a request
- `pages/`: what is written for people and for machines
- `importing.py`: graded requests into the gradebook
- `forget.py`: of a student who is removed
"""
