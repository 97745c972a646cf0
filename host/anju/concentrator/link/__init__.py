"""Links: bytes from nodes in, bytes to nodes out. A link knows nothing of what is inside a frame."""
