"""A suite with known truths, which other tests run in a process of its own (`running.py`).

`leaks.py` has tests that leak, each at least 6 MB; `innocents.py` and `innocent_fixtures.py`
have tests that keep nothing above 2 MB which is theirs; `calls.py` has functions that are
to be called again and again. None of them is collected with the tests around them.
"""
