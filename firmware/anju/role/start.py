"""What main.py starts. It is in here, and not in main.py, because an update replaces what is in here alone."""

import board

from anju.role import wired_node


def run() -> None:
    """Be the node that this board is."""
    wired_node.run(board)
