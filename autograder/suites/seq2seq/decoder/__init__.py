"""Hidden checks of `Decoder`.

- `test_decoder.py`: the checks
- `oracle.py`: the values that are right, and why others differ
"""
