"""Hidden checks of `Encoder`.

- `test_encoder.py`: the checks
- `oracle.py`: the values that are right, and why others differ
- `mistakes.py`: what known mistakes make of an LSTM, each to be told by its values
"""
