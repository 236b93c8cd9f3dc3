"""Public checks of `Decoder`.

- `test_decoder.py`: the checks
- `asking.py`: asks a decoder in the form that it needs, and has what it lacks put right
- `forms.py`: the forms in which it may answer
- `decodings.py`: reads what a decoder returned and compares it
- `steps.py`: what a step gives when all weights are one number, and which mistake gives another
- `affine.py`: whether logits are an affine function of the top layer's h
- `probes.py`: what may be asked of a decoder
"""
