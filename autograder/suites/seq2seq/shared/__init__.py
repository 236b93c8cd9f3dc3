"""What the hidden checks of several tasks use.

- `lstm.py`: what an LSTM of known weights gives (encoder, decoder)
- `scorer.py`: log-probabilities by prefix and greedy search, in float64 (greedy, beam search)
- `purity.py`: that a call leaves model, inputs and program as they were (greedy, beam search)
- `indifference.py`: that a function heeds what it is given (all tasks)
- `quality.py`: how well a search translates with the trained translator (greedy, beam search)
- `train_translator.py`: trains that translator, and writes the two files below
- `translator.safetensors`: its weights
- `translator.vocabulary.json`: its words
"""
