"""Hidden checks of `greedy_decode`.

- `test_greedy.py`: the checks
- `cases.py`: models whose greedy translations are known beforehand
- `mistakes.py`: asks for translations and names what is wrong with them
"""
