"""`python -m service` is `polyparse serve`."""

import sys

from polyparse.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
