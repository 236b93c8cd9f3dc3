"""Hidden checks of `beam_search`.

- `test_beam_search.py`: the checks
- `oracle.py`: the search as the contract words it, and what known mistakes make of it
- `cases.py`: one question to a search, and how its answer is read
- `graphs.py`: models drawn so that a case is clear
- `stories.py`: models made for one kind of mistake each
- `optimum.py`: how far a search stays behind exhaustive search
- `mistakes.py`: the mistakes of the rule that are known, and what each costs
- `causes.py`: the mistake behind all that is wrong, or the two
- `kind.py`: whether it is a beam search at all
- `invariances.py`: what may change in a call without changing the hypotheses
"""
