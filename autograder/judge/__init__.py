"""The judge: it never runs a student's code, it only hears what came through the wall.

- `grade.py`: grades one submission, demands a verdict for every check
- `reference.py`: the instructor's solutions, asked as a student's are
- `precedents.py`: verdicts known from equal answers; runs only the checks that hear something new
- `results.py`: keeps what was graded
- `kept.py`: keeps what the judge has worked out, for the next command
- `fingerprint.py`: names all that a mark depends on
- `plain_pytest.py`: plain `pytest` on the suites, for authors
- `batch.py`: grades many notebooks on all cores
- `parity.py`: compares a submission on a real device with itself on the CPU
"""
