"""`python -m leakprobe` is the command `leakprobe`."""

import sys

from leakprobe.cli import main

if __name__ == "__main__":
    sys.exit(main())
