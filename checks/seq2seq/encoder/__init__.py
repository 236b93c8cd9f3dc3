"""Public checks of `Encoder`.

- `test_encoder.py`: the checks
- `encodings.py`: reads what an encoder returned and compares it
- `probes.py`: what may be asked of an encoder
"""
