"""Public checks of `beam_search`.

- `test_beam_search.py`: the checks
- `trees.py`: the search trees, and how to read what is found on them
- `mending.py`: puts right what is known to be wrong with numbers, tokens and order
- `explain.py`: says what is wrong with the hypotheses
- `probes.py`: what may be asked of `beam_search`
"""
