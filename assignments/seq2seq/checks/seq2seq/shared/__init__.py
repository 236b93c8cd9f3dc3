"""What the checks of several tasks use.

In the student's process, for probes:

- `parameters.py`: fills a module's parameters by their shapes, reads gradients (encoder, decoder)
- `standins.py`: models whose every step is known (greedy, beam search)
- `searches.py`: runs a search on a stand-in and says what happened (greedy, beam search)
- `settings.py`: seeds, and settings of the whole program, put back afterwards
- `second_tries.py`: calls a function as if a mistake of its own were not there (greedy)
- `devices.py`: the same on a simulated GPU, or on a real one

For checks:

- `answers.py`: reads what a search returned (greedy, beam search)
- `trees.py`: search trees and random graphs as stand-ins (greedy, beam search)
- `dropouts.py`: why dropout does nothing in train mode (encoder, decoder)
- `precision.py`: what to say of numbers that are right to a few digits only
"""
