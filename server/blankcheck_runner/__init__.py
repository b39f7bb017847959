"""What runs in the learner's interpreter: the host, its workers, observation and the judge.

Imports the standard library, torch and numpy only, and nothing of `blankcheck`: on a remote
machine this package travels alone.
"""

__version__ = "0.1.0"
