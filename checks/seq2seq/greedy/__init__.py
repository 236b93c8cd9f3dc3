"""Public checks of `greedy_decode`.

- `test_greedy.py`: the checks
- `explain.py`: says how a translation differs from the right one
- `probes.py`: what may be asked of `greedy_decode`
"""
