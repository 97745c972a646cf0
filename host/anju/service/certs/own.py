"""This machine's key and certificate for the uplink: one file in the site's folder, taken anew when it was renewed."""

from __future__ import annotations

import stat
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from anju.service.certs.holder import Holder
from anju.service.certs.places import FILE
from anju.service.errors import ServiceError
from anju.service.i18n import _

_log = structlog.get_logger()


class Own:
    """The key, the certificate and the authority's certificate of a holder; use `Own.open`."""

    def __init__(self, path: Path, holder: Holder) -> None:
        self.path = path
        self.holder = holder
        self._stamp: tuple[int, int] | None = None
        self._key: Ed25519PrivateKey
        self._certificate: x509.Certificate
        self._authority: x509.Certificate

    @classmethod
    def open(cls, path: Path, holder: Holder) -> Own:
        """Read the file, which must be this holder's and nobody else's to read; ServiceError says what is wrong."""
        own = cls(path, holder)
        try:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise ValueError(_("others may read it"))
            own._take()
        except FileNotFoundError:
            raise ServiceError(
                _("The certificate for the uplink is missing: %(file)s.") % {"file": path},
                _("The uplink was not started."),
                _("Where the estate's authority is: anju certs issue %(holder)s. Bring the file here as %(name)s.")
                % {"holder": holder, "name": FILE},
            ) from None
        except (OSError, ValueError, TypeError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ServiceError(
                _("The certificate for the uplink %(file)s cannot be used: %(reason)s.")
                % {"file": path, "reason": reason},
                _("The uplink was not started."),
                _("Bring here as %(file)s what anju certs has issued for %(holder)s; only you may read it: chmod 600.")
                % {"file": path, "holder": holder},
            ) from error
        return own

    @property
    def key(self) -> Ed25519PrivateKey:
        """The private half, by which batches and receipts are signed."""
        self.refresh()
        return self._key

    @property
    def certificate(self) -> x509.Certificate:
        """This machine's certificate."""
        self.refresh()
        return self._certificate

    @property
    def authority(self) -> x509.Certificate:
        """The authority's, by which peers are judged. An estate has one: it is not taken anew."""
        return self._authority

    def refresh(self) -> bool:
        """Take a file that was renewed; whether one was. One that cannot be used changes nothing."""
        try:
            found = self.path.stat()
            if (found.st_mtime_ns, found.st_ino) == self._stamp:
                return False
            self._take()
        except (OSError, ValueError, TypeError) as error:
            _log.error("renewed certificate not usable; the one from before counts", error=str(error))
            return False
        _log.info("certificate read", until=self._certificate.not_valid_after_utc.isoformat())
        return True

    def _take(self) -> None:
        found = self.path.stat()
        self._stamp = (found.st_mtime_ns, found.st_ino)
        raw = self.path.read_bytes()
        key = load_pem_private_key(raw, None)
        certificates = x509.load_pem_x509_certificates(raw)
        if len(certificates) != 2 or not isinstance(key, Ed25519PrivateKey):
            raise ValueError(_("it is not what anju certs writes"))
        mine, authority = certificates
        try:
            mine.verify_directly_issued_by(authority)
        except InvalidSignature:
            raise ValueError(_("it is not what anju certs writes")) from None
        if key.public_key() != mine.public_key():
            raise ValueError(_("it is not what anju certs writes"))
        holder = Holder.of(mine)
        if holder != self.holder:
            raise ValueError(_("it was issued for %(holder)s") % {"holder": holder.title if holder else "?"})
        self._key, self._certificate, self._authority = key, mine, authority
