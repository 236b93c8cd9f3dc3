"""The hidden suites of module 04: a folder a task, and what several tasks use.

- `encoder/`: hidden checks of `Encoder`, and what they need
- `decoder/`: the same of `Decoder`
- `teacher_forcing/`: the same of `train_step`
- `greedy/`: the same of `greedy_decode`
- `beam_search/`: the same of `beam_search`
- `shared/`: right answers and comparisons that several tasks need, and the trained translator
- `devices.py`: compares a submission on a real device with itself on the CPU, beside the mark
- `tolerances.py`: measures how far right answers spread, for the tolerances of `devices.py`
"""
