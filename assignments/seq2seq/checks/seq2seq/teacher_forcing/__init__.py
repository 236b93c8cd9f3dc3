"""Public checks of `train_step`.

- `test_teacher_forcing.py`: the checks
- `steps.py`: reads what one call did, and compares it
- `inputs.py`: what the decoder was given to read: gold tokens, or its own
- `losses.py`: the loss, and what known mistakes make of it
- `toy.py`: the translator that is trained
- `probes.py`: what may be asked of `train_step`
"""
