"""`python -m blankcheck`: the same as the `blankcheck` command."""

import sys

from blankcheck.cli import main

if __name__ == "__main__":
    sys.exit(main())
