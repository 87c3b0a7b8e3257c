"""`python -m polyparse` is the console command."""

import sys

from polyparse.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
