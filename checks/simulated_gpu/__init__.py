"""A simulated GPU: code is tried on it where there is none.

- `accelerator.py`: refuses what CUDA refuses
- `places.py`: where a tensor lies on it, and who made it
- `elsewhere.py`: tries code on it, and says in words what went wrong there
"""
