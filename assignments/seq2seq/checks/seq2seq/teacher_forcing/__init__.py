"""Public checks of `train_step`.

- `test_teacher_forcing.py`: the checks
- `steps.py`: reads what one call did, puts right what is known to be wrong, and compares it
- `merging.py`: rows that were trained one by one, put together
- `inputs.py`: what the decoder was given to read: gold tokens, or its own
- `losses.py`: the loss that is returned, and the one that is trained on
- `kinds.py`: what known mistakes make of a loss, and what they cost
- `toy.py`: the translator that is trained
- `probes.py`: what may be asked of `train_step`
- `no_gpu.py`: lets code run that asks for a GPU by name
"""
