"""The estate's own authority: it says which machine is the duty room and which the concentrator of which building.

Everything lies in `certs/` of a site's folder: `authority.pem` and `authority-key.pem` (0600), `issued/SERIAL.pem` of each
certificate that was ever issued, and `revoked.pem`, the signed list of those that count no more. The private halves of what is
issued are not kept: each goes into one file with its certificate and the authority's, for the machine that it is meant for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from anju.service import private_file
from anju.service.certs.holder import Holder
from anju.service.certs.places import CERTIFICATE, FOLDER, ISSUED, KEY, REVOKED
from anju.service.errors import ServiceError
from anju.service.i18n import _

_AUTHORITY_DAYS = 20 * 365
_EARLIER = dt.timedelta(days=1)
"""A machine whose clock is a little behind takes what was issued just now."""


class Issued(NamedTuple):
    """A certificate that was issued: its number as people type it, for whom, until when, and whether it was revoked."""

    serial: str
    holder: Holder
    until: dt.datetime
    is_revoked: bool

    def has_ended(self, now: dt.datetime) -> bool:
        """Whether it is past its end: trouble wherever it is shown, and taken all the same unless it is revoked."""
        return now > self.until


class Authority:
    """The authority in a site's folder; use `create` or `open`."""

    def __init__(self, folder: Path, key: Ed25519PrivateKey, certificate: x509.Certificate) -> None:
        self._folder = folder
        self._key = key
        self._certificate = certificate

    @classmethod
    def create(cls, site: Path, estate: str, now: dt.datetime) -> Self:
        """Make an authority, its key 0600; ServiceError if there is one or it could not be written."""
        folder = site / FOLDER
        key = Ed25519PrivateKey.generate()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Anju {estate}"[:64])])
        builder = _dated(now, _AUTHORITY_DAYS).subject_name(name).issuer_name(name).public_key(key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        made = cls(folder, key, builder.sign(key, None))
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            (folder / ISSUED).mkdir(mode=0o700, exist_ok=True)
            made._lay_down(now)
        except FileExistsError as error:
            raise ServiceError(
                _("This site has an authority already: %(file)s.") % {"file": error.filename or folder},
                _("It was left as it is; every certificate counts as before."),
                _("Issue certificates with it: anju certs issue --help"),
            ) from None
        except OSError as error:
            raise _not_written(error.filename or folder, error) from error
        return made

    def _lay_down(self, now: dt.datetime) -> None:
        """Write a new authority's files; OSError: what was made of them is gone again, since half of it would be in the way."""
        made: list[Path] = []
        try:
            for name, content in (
                (KEY, _private(self._key)),
                (CERTIFICATE, self._certificate.public_bytes(Encoding.PEM)),
            ):
                private_file.create(self._folder / name, content)
                made.append(self._folder / name)
            self._publish((), now)
            private_file.sync_folder(self._folder)
        except OSError:
            for path in made:
                path.unlink()
            raise

    @classmethod
    def open(cls, site: Path) -> Self:
        """The authority of a site; ServiceError if it has none, or none that can be used."""
        folder = site / FOLDER
        try:
            key = load_pem_private_key((folder / KEY).read_bytes(), None)
            certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
        except FileNotFoundError as error:
            raise ServiceError(
                _("This site has no authority: %(file)s is missing.") % {"file": error.filename},
                _("Nothing was changed."),
                _("Make one, on one PC of the estate: anju certs create. If there was one, bring back your copy."),
            ) from None
        except OSError as error:
            raise _unusable(folder, error.strerror or str(error)) from error
        except ValueError as error:
            raise _unusable(folder, _("a file is damaged")) from error
        if not isinstance(key, Ed25519PrivateKey) or key.public_key() != certificate.public_key():
            raise _unusable(folder, _("key and certificate do not belong together"))
        return cls(folder, key, certificate)

    @property
    def until(self) -> dt.datetime:
        """How long the authority itself counts."""
        return self._certificate.not_valid_after_utc

    def issue(self, holder: Holder, out: Path, days: int, now: dt.datetime) -> Issued:
        """Make the file of a holder that has none but revoked ones, in the place of one of these.

        ServiceError if it has another, or nothing was written.
        """
        if any(one.holder == holder and not one.is_revoked for one in self.issued()):
            raise ServiceError(
                _("There is a certificate that was not revoked: %(who)s.") % {"who": holder.title},
                _("None was issued: two machines of one name would be taken for a theft."),
                _(
                    "For another one in its place: anju certs renew %(holder)s. If it was stolen or lost, revoke it first."
                )
                % {"holder": holder},
            )
        # None of this holder's counts any more: one that lies there may give way.
        return self._make(holder, out, days, now)

    def renew(self, holder: Holder, out: Path, days: int, now: dt.datetime) -> Issued:
        """Make a new file, with a new key, of a holder that has a certificate; the older one counts until it is revoked."""
        if not any(one.holder == holder and not one.is_revoked for one in self.issued()):
            raise ServiceError(
                _("There is no certificate that could be renewed: %(who)s.") % {"who": holder.title},
                _("Nothing was changed."),
                _("Issue one: anju certs issue %(holder)s") % {"holder": holder},
            )
        return self._make(holder, out, days, now)

    def revoke(self, what: str, now: dt.datetime) -> list[Issued]:
        """Revoke a certificate by its number, or all of a holder; what was revoked. ServiceError if there is none left to."""
        everything = self.issued()
        wanted = [one for one in everything if not one.is_revoked and what in {one.serial, str(one.holder)}]
        if not wanted:
            raise ServiceError(
                _("There is no certificate of this name or number that counts: %(what)s.") % {"what": what},
                _("Nothing was revoked."),
                _("See which there are: anju certs list"),
            )
        gone = {one.serial for one in everything if one.is_revoked} | {one.serial for one in wanted}
        try:
            # Whoever reads it takes no older one: a clock that was put back here must not keep this one out.
            self._publish(gone, max(now, self._list().last_update_utc))
        except OSError as error:
            raise _not_written(self._folder / REVOKED, error) from error
        return [one._replace(is_revoked=True) for one in wanted]

    def issued(self) -> list[Issued]:
        """Every certificate, oldest end first; ServiceError where the register or the list cannot be read."""
        gone = {f"{one.serial_number:x}" for one in self._list()}
        found = []
        for path in sorted((self._folder / ISSUED).glob("*.pem")):
            try:
                certificate = x509.load_pem_x509_certificate(path.read_bytes())
            except (OSError, ValueError) as error:
                raise _unusable(path, str(error)) from error
            holder = Holder.of(certificate)
            if holder is not None:
                serial = f"{certificate.serial_number:x}"
                found.append(Issued(serial, holder, certificate.not_valid_after_utc, serial in gone))
        return sorted(found, key=lambda one: (one.until, one.serial))

    def _make(self, holder: Holder, out: Path, days: int, now: dt.datetime) -> Issued:
        key = Ed25519PrivateKey.generate()
        serial = x509.random_serial_number()
        days = min(days, self._days_left(now))
        builder = _dated(now, days, serial).issuer_name(self._certificate.subject)
        builder = builder.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Anju {holder}")]))
        builder = builder.public_key(key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        use = ExtendedKeyUsageOID.SERVER_AUTH if holder.building is None else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=True)
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(holder.uri)])
        builder = builder.add_extension(names, critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        certificate = builder.sign(self._key, None)
        public = certificate.public_bytes(Encoding.PEM)
        whole = _private(key) + public + self._certificate.public_bytes(Encoding.PEM)
        record = self._folder / ISSUED / f"{serial:x}.pem"
        try:
            private_file.create(record, public)
            try:
                (private_file.replace if _is_of(out, holder) else private_file.create)(out, whole)
            except OSError:
                record.unlink()  # nobody has its key: it is as if it had never been issued
                raise
        except FileExistsError as error:
            raise ServiceError(
                _("%(file)s exists already.") % {"file": error.filename or out},
                _("It was left as it is; no certificate was issued."),
                _("Name another file: --out FILE"),
            ) from None
        except OSError as error:
            raise _not_written(error.filename or out, error) from error
        return Issued(f"{serial:x}", holder, certificate.not_valid_after_utc, is_revoked=False)

    def _days_left(self, now: dt.datetime) -> int:
        days = (self.until - now).days
        if days < 1:
            raise ServiceError(
                _("The authority has ended, on %(until)s; this machine's clock says %(now)s.")
                % {"until": f"{self.until:%Y-%m-%d}", "now": f"{now:%Y-%m-%d}"},
                _("No certificate was issued."),
                _(
                    "See that the clock is right. If it is, the estate needs a new authority, and everybody a new certificate."
                ),
            )
        return days

    def _list(self) -> x509.CertificateRevocationList:
        path = self._folder / REVOKED
        try:
            signed = x509.load_pem_x509_crl(path.read_bytes())
        except (OSError, ValueError) as error:
            raise _unusable(path, str(error)) from error
        if not signed.is_signature_valid(self._key.public_key()):
            raise _unusable(path, _("this authority has not signed it"))
        return signed

    def _publish(self, gone: Iterable[str], at: dt.datetime) -> None:
        builder = x509.CertificateRevocationListBuilder().issuer_name(self._certificate.subject)
        builder = builder.last_update(at).next_update(max(self.until, at + _EARLIER))
        for serial in sorted(gone):
            entry = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(at)
            builder = builder.add_revoked_certificate(entry.build())
        private_file.replace(self._folder / REVOKED, builder.sign(self._key, None).public_bytes(Encoding.PEM))


def _is_of(path: Path, holder: Holder) -> bool:
    """Whether a file is a certificate of this holder: no other is replaced."""
    try:
        return Holder.of(x509.load_pem_x509_certificates(path.read_bytes())[0]) == holder
    except (OSError, ValueError):
        return False


def _dated(now: dt.datetime, days: int, serial: int = 0) -> x509.CertificateBuilder:
    until = now + dt.timedelta(days=days)
    builder = x509.CertificateBuilder().serial_number(serial or x509.random_serial_number())
    return builder.not_valid_before(now - _EARLIER).not_valid_after(until)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    more = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    more |= {"encipher_only": False, "decipher_only": False}
    signs = {"key_cert_sign": signs_certificates, "crl_sign": signs_certificates}
    return x509.KeyUsage(digital_signature=not signs_certificates, **signs, **more)


def _private(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _unusable(path: Path, reason: str) -> ServiceError:
    return ServiceError(
        _("The authority cannot be used: %(path)s: %(reason)s.") % {"path": path, "reason": reason},
        _("Nothing was changed."),
        _("Bring back your copy of the folder certs."),
    )


def _not_written(path: object, error: OSError) -> ServiceError:
    return ServiceError(
        _("%(file)s cannot be written: %(reason)s.") % {"file": path, "reason": error.strerror or error},
        _("No certificate was issued or revoked."),
        _(
            "See that the folder exists, that you may write it and that the disk is not full; then type the command again."
        ),
    )
