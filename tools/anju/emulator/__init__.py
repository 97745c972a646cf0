"""Nodes on emulated boards: QEMU as a child process, with its pins, its flash, its power and its lines in our hands."""
