"""What `nbgrader_config.py` names in place of nbgrader's own converters and exchange.

- `judging.py`: judges and proves where nbgrader would run code
- `exporters.py`: reads notebooks however damaged they are
- `generate.py`: builds a release aside, and exchanges it when all of it is done
- `made_of.py`: which feedback pages are written
- `handback.py`: feedback through nbgrader's exchange

Some of what it names stands with its subject: `submissions/clock.py`, `submissions/lateness.py`,
`marks/export.py`, `pages/page.py`, `by_hand/scheme.py`.
"""
