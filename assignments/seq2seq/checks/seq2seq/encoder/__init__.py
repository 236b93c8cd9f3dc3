"""Public checks of `Encoder`.

- `test_encoder.py`: the checks
- `encodings.py`: compares what an encoder returned, and says why it is wrong
- `forms.py`: reads what an encoder returned, and mends what is amiss in form alone
- `asking.py`: asks in another way where a known mistake stands in a check's way
- `probes.py`: what may be asked of an encoder
- `still.py`: takes chance out of what an encoder does
"""
