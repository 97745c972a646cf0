"""Starts the node that this board is."""

import gc

# Before anything is imported: collecting early keeps what lives long together. Otherwise it is strewn over the whole heap, and
# on the emulated board 15 KB in one piece could not be had while 448 KB were free.
gc.threshold(16384)

import board  # noqa: E402 - see above

from anju.role import wired_node  # noqa: E402 - the same

wired_node.run(board)
