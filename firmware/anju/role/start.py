"""What main.py starts. It is in here, and not in main.py, because an update replaces what is in here alone."""

import board


def run() -> None:
    """Be the node that this board is."""
    board.ROLE.run(board)
