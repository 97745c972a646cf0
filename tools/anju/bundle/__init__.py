"""What a node runs: a tree of sources for processes and tests (`stage`), bytecode with a MANIFEST for boards (`build`)."""

from anju.bundle.build import build
from anju.bundle.check import Bundle
from anju.bundle.errors import BundleError
from anju.bundle.manifest import Manifest, ManifestError
from anju.bundle.source import Source
from anju.bundle.stage import stage

__all__ = ["Bundle", "BundleError", "Manifest", "ManifestError", "Source", "build", "stage"]
