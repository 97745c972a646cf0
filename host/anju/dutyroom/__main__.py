"""`python -m anju.dutyroom SITE`: the duty room of one site, until it is told to end."""

import sys

from anju.dutyroom.app import build
from anju.service.process import run

sys.exit(run("dutyroom", build))
