"""`python -m facelens` is the command `facelens`."""

import sys

from facelens.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
