"""A peer's certificate judged: who it is, or why it is refused. The list of what was revoked is read again when it changes.

OpenSSL keeps foreign certificates out before this is asked. What it would answer by a broken handshake alone, that one was
revoked, is judged here, so that somebody can be told why. A date refuses nobody: one wrong clock would shut a whole estate
out, so whoever comes with a certificate out of its time is let in and told of.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from anju.service.certs.holder import Holder
from anju.service.errors import ServiceError
from anju.service.i18n import _

_log = structlog.get_logger()


class Why(StrEnum):
    """Why somebody is refused at the uplink."""

    MISSING = "missing"
    """No certificate."""
    FOREIGN = "foreign"
    """Not this estate's, or not for this use."""
    REVOKED = "revoked"
    OTHER_NAME = "other_name"
    """It speaks for a building that is not its own."""
    UNSIGNED = "unsigned"
    """What came is not signed by the certificate's key."""
    OLD_TLS = "old_tls"


class Refused(Exception):
    """A peer is refused; `who` is what its certificate says, as far as that is certain."""

    def __init__(self, why: Why, who: Holder | None = None) -> None:
        super().__init__(why.value)
        self.why = why
        self.who = who


class Trust:
    """What an estate's authority has signed and not revoked."""

    def __init__(self, authority: x509.Certificate, revoked: Path, *, must_exist: bool) -> None:
        """`revoked` is the file of the list; ServiceError if it must exist and cannot be used."""
        self._authority = authority
        self._path = revoked
        self._stamp: tuple[int, int] | None = None
        self._issued_at: dt.datetime | None = None
        self._gone: frozenset[int] = frozenset()
        if must_exist and not revoked.exists():
            raise ServiceError(
                _("The list of revoked certificates is missing: %(file)s.") % {"file": revoked},
                _("The uplink was not started: without it a stolen certificate would count."),
                _("Bring it here from the PC on which anju certs is used."),
            )
        self._read_again()
        if must_exist and self._issued_at is None:
            raise ServiceError(
                _("The list of revoked certificates cannot be used: %(file)s.") % {"file": revoked},
                _("The uplink was not started: without it a stolen certificate would count."),
                _("Bring it here again from the PC on which anju certs is used."),
            )

    def judge(self, certificate: x509.Certificate) -> Holder:
        """Who it is, whatever the clock says; Refused says why not."""
        try:
            certificate.verify_directly_issued_by(self._authority)
        except (ValueError, TypeError, InvalidSignature):
            raise Refused(Why.FOREIGN) from None
        holder = Holder.of(certificate)
        if holder is None:
            raise Refused(Why.FOREIGN)
        self._read_again()
        if certificate.serial_number in self._gone:
            raise Refused(Why.REVOKED, holder)
        return holder

    def _read_again(self) -> None:
        """Take a list that has changed. One that cannot be used, is older or is gone takes nothing back."""
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_ino)
            if stamp == self._stamp:
                return
            self._stamp = stamp
            signed = x509.load_pem_x509_crl(self._path.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            _log.error("list of revoked certificates not usable; the one from before counts", error=str(error))
            return
        if not signed.is_signature_valid(self._authority.public_key()):  # type: ignore[arg-type]  # Ed25519, as we make it
            _log.error("list of revoked certificates not signed by the authority; the one from before counts")
        elif self._issued_at and signed.last_update_utc < self._issued_at:
            _log.error("list of revoked certificates is older than the one that counts")
        else:
            self._issued_at = signed.last_update_utc
            self._gone = frozenset(one.serial_number for one in signed)
            _log.info("list of revoked certificates read", count=len(self._gone))


def period(certificate: x509.Certificate) -> tuple[dt.datetime, dt.datetime]:
    """When it begins and when it ends; a clock beyond either may be the one that is wrong."""
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def unix_ms(moment: dt.datetime) -> int:
    """A moment as the log has it."""
    return int(moment.timestamp() * 1000)


def days_left(certificate: x509.Certificate, now: dt.datetime) -> int:
    """Whole days until a certificate ends; negative once it has."""
    return (certificate.not_valid_after_utc - now).days
