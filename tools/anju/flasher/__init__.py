"""The bench: ports, what hangs on them, and how a bundle gets into the idle slot of a node."""
