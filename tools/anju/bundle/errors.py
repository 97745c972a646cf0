"""What can go wrong with a bundle.

ServiceError
└── BundleError            the tree that a node runs cannot be put together, or must not be used
    ├── ManifestError      its MANIFEST
    └── ReleaseKeyError    a release key
"""

from __future__ import annotations

from anju.service.errors import ServiceError


class BundleError(ServiceError):
    """The tree that a node runs cannot be put together, or must not be used."""
