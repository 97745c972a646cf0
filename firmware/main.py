"""Starts the node that this board is."""

import board

from anju.role import wired_node

wired_node.run(board)
