"""`python -m anju.page SITE`: the page of one site's duty room, until it is told to end."""

import sys

from anju.page.app import build
from anju.service.process import run

sys.exit(run("page", build))
