"""The command line: `python -m server run`, `check-config`, `set-password`, `set-phone-password`."""

import sys

from server.cli import main

if __name__ == "__main__":
    sys.exit(main())
