"""The staged bundle: the one tree of files that a node runs, whether it is a process, an emulated board or a real one."""

from anju.bundle.source import BundleError, Source
from anju.bundle.stage import stage

__all__ = ["BundleError", "Source", "stage"]
