"""`python -m app`."""

import sys

from app.cli import main

if __name__ == "__main__":  # the processes that multiprocessing spawns import this module again
    sys.exit(main())
