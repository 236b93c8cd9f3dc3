"""What people see, in a real browser: `make browser`; `make test` leaves it out.

- `conftest.py`: the browser, of which no request leaves the machine, and a graded class
- `access.py`: what a page does to those who read it with a keyboard or a screen reader
"""
