"""Public checks of `greedy_decode`.

- `test_greedy.py`: the checks
- `asking.py`: asks for translations, in another form where the first form makes code crash
- `forms.py`: reads translations, in whatever form they came
- `explain.py`: says how a translation differs from the right one
- `probes.py`: what may be asked of `greedy_decode`
"""
