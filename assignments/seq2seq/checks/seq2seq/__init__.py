"""What students hold of the checks of module 04, and their process: public checks and probes.

- `encoder/`: public checks of `Encoder`, and what may be asked of it
- `decoder/`: the same of `Decoder`
- `teacher_forcing/`: the same of `train_step`
- `greedy/`: the same of `greedy_decode`
- `beam_search/`: the same of `beam_search`
- `shared/`: what several tasks use
- `rubric.toml`: what each task's points are given for
- `probes.py`: lists all that may be asked
- `probed.py`: the same as a check sees it, typed: `student.encode(...)`
- `warm_up.py`: what is done once, before the first submission
"""
