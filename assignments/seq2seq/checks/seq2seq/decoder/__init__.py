"""Public checks of `Decoder`.

- `test_decoder.py`: the checks
- `decodings.py`: reads what a decoder returned and compares it
- `affine.py`: whether logits are an affine function of the top layer's h
- `probes.py`: what may be asked of a decoder
"""
