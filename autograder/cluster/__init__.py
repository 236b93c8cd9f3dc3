"""Grading on many machines: dask.distributed carries the questions and brings the results back.

It is an engine as `judge/batch.py` is one. Marks are the same: a result has one key, wherever it
was made, and a worker whose suites, versions or wall are not those of whoever asks gets no work.

- `options.py`: `--cluster`, and what it means
- `choice.py`: which engine a command means
- `place.py`: a scheduler that runs, or one whose workers a job queue starts: how to reach it
- `jobs.py`: the jobs of a queue: submitted, again where they ended, and ended
- `engine.py`: asks workers, keeps what they say, asks again for what was lost
- `line.py`: one connection to a scheduler
- `order.py`: what travels
- `worker.py`: a Dask worker's part: it admits itself by what it finds, and hands orders on
- `seat.py`: the process of a worker that grades behind its own wall
"""
