"""Starts the server out of the extension, on whatever Python the learner has.

The extension brings the server and its pure-Python packages; they come first on the path, so that
what is installed in the learner's environment, in any version, changes nothing for the server.
"""

import sys
from pathlib import Path

if sys.version_info < (3, 10):  # noqa: UP036 - this file meets the Pythons that the package refuses
    sys.exit("Blankcheck needs Python 3.10 or newer, and this is " + sys.version.split()[0] + ".")

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bundled" / "libs")]

from blankcheck.cli import main  # noqa: E402 - found only on the path made above

if __name__ == "__main__":
    sys.exit(main())
