"""The hidden suites of module 04: a folder a task, and what several tasks use.

- `encoder/`, `decoder/`, `teacher_forcing/`, `greedy/`, `beam_search/`: each has the checks of its
  task in `test_<task>.py` and beside it what they need.
- `shared/`: right answers and comparisons that several tasks need, and the trained translator.
- `devices.py`: compares a submission on a real device with itself on the CPU, beside the mark.
- `tolerances.py`: measures how far right answers spread, for the tolerances of `devices.py`.
"""
