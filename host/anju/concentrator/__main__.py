"""`python -m anju.concentrator SITE`."""

import sys

from anju.concentrator.app import build
from anju.service.process import run

if __name__ == "__main__":
    sys.exit(run("concentrator", build))
