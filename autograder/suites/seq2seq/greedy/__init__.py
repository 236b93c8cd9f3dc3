"""Hidden checks of `greedy_decode`.

- `test_greedy.py`: the checks
- `cases.py`: models whose greedy translations are known beforehand
- `mistakes.py`: asks for translations and judges them as they would be without known mistakes
- `replays.py`: greedy decoding with a mistake or two, to find the one that explains an answer
"""
