"""Hidden checks of `train_step`.

- `test_teacher_forcing.py`: the checks
- `cases.py`: weights and batches, drawn so that mistakes show
- `oracle.py`: the loss, gradients and weights that are right
- `mistakes.py`: names what is wrong with the inputs that the decoder was given
- `randomness.py`: whether a global generator was drawn from or seeded
"""
