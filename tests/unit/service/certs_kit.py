"""An estate's authority in a folder, and what it issues."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cryptography import x509

from anju.service.certs import places
from anju.service.certs.authority import Authority, Issued
from anju.service.certs.holder import Holder
from anju.service.certs.own import Own
from anju.service.certs.trust import Trust

NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
DUTY_ROOM = Holder()


class Estate:
    """One authority; `out` is where it writes what machines are given."""

    def __init__(self, folder: Path, now: dt.datetime = NOW) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.authority = Authority.create(folder, "Sunny Garden", now)
        self.now = now

    @property
    def revoked(self) -> Path:
        """The list of what was revoked."""
        return self.folder / places.FOLDER / places.REVOKED

    def issue(self, who: str, days: int = 730, now: dt.datetime | None = None) -> Own:
        """What a machine is given."""
        path = self.folder / f"{who}.pem"
        self.authority.issue(Holder.typed(who), path, days, now or self.now)
        return Own.open(path, Holder.typed(who))

    def revoke(self, what: str) -> list[Issued]:
        """Take it back."""
        return self.authority.revoke(what, self.now)

    def trust(self) -> Trust:
        """How a machine of this estate judges."""
        certificate = x509.load_pem_x509_certificate((self.folder / places.FOLDER / places.CERTIFICATE).read_bytes())
        return Trust(certificate, self.revoked, must_exist=True)
