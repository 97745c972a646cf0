"""Frozen, and the first Python after a reset: brings the file system up, on a fresh chip with a format before."""

import ast1030
import vfs

_chip = ast1030.Flash()
try:
    vfs.mount(vfs.VfsLfs2(_chip), "/")
except OSError:
    # Only a chip without a file system comes here: littlefs itself survives power cuts.
    vfs.VfsLfs2.mkfs(_chip)
    vfs.mount(vfs.VfsLfs2(_chip), "/")
