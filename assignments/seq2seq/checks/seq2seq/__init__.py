"""What students hold of the checks of module 04, and their process: public checks and probes.

- `encoder/`, `decoder/`, `teacher_forcing/`, `greedy/`, `beam_search/`: each has the public checks
  of its task in `test_<task>.py`, what may be asked of the task's code in `probes.py`, and what
  reads and compares the answers.
- `shared/`: what several tasks use.
- `probes.py`: all probes.
- `probed.py`: the same as a check sees them, typed: `student.encode(...)`.
"""
