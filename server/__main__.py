"""The command line: `python -m server run`, `check-config`, `replay` and the others that --help lists."""

import sys

from server.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
