"""Codes of a household's people, as scrypt with a salt; the digits themselves are stored nowhere, logged nowhere, shown nowhere.

A guess costs some 0.1 s of a processor, beside the loop. It costs the same whether the household has codes or not.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import sqlite3
from typing import NamedTuple

from anju.concentrator.core.places import LinkId
from anju.ledger import Ledger
from anju.service.errors import ServiceError
from anju.service.i18n import _

LEAST_DIGITS = 6
MOST_DIGITS = 16
SCRYPT_N = 1 << 14
SCRYPT_R = 8
SCRYPT_P = 1
_SALT_BYTES = 16
_NOBODYS_SALT = bytes(_SALT_BYTES)
_KEEP = "INSERT OR REPLACE INTO code VALUES (?, ?, ?, ?, ?)"
_REMOVE = "DELETE FROM code WHERE household = ? AND person = ?"


class Known(NamedTuple):
    """Whose code was typed, and whether it was the one for when somebody forces them."""

    person: str
    is_duress: bool


class Made(NamedTuple):
    """A code as it is stored."""

    household: str
    person: str
    is_duress: bool
    salt: bytes
    digest: bytes


class Codes:
    """All codes, and what is known of the nodes at which they are typed; in the keyring's file."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def made(self, household: str, person: str, digits: str, *, is_duress: bool) -> Made:
        """A person's code, for `keep`; ServiceError unless it is fit for one and nobody else's there."""
        if not (digits.isascii() and digits.isdigit() and LEAST_DIGITS <= len(digits) <= MOST_DIGITS):
            raise _unfit(
                _("A code has from %(least)d to %(most)d digits.") % {"least": LEAST_DIGITS, "most": MOST_DIGITS}
            )
        if len(set(digits)) < 3 or digits in "01234567890" or digits in "09876543210":
            raise _unfit(_("This code is among the first that a stranger would try."))
        salt = self._salt(household) or secrets.token_bytes(_SALT_BYTES)
        digest = await asyncio.to_thread(_digest, digits.encode(), salt)
        found = self._match(household, digest)
        if found and found != Known(person, is_duress):
            raise _unfit(_("This code opens the household already."))
        return Made(household, person, is_duress, salt, digest)

    async def keep(self, made: Made) -> None:
        """It opens the household from now on, and the one that the person had before does not."""
        await self._ledger.write(lambda connection: connection.execute(_KEEP, made))

    async def remove(self, household: str, person: str) -> None:
        """Take a person's codes away."""
        await self._ledger.write(lambda connection: connection.execute(_REMOVE, (household, person)))

    def people(self, household: str) -> list[Known]:
        """Who has a code, and of which sort."""
        rows = self._ledger.read().execute(
            "SELECT person, is_duress FROM code WHERE household = ? ORDER BY person, is_duress", (household,)
        )
        return [Known(person, bool(is_duress)) for person, is_duress in rows]

    async def whose(self, household: str, digits: bytes) -> Known | None:
        """Whose code this is."""
        salt = self._salt(household) or _NOBODYS_SALT
        return self._match(household, await asyncio.to_thread(_digest, digits, salt))

    def is_exposed(self, link: LinkId) -> bool:
        """Whether somebody has opened this node since it was paired."""
        return self._known(link, "is_exposed")

    def has_digits(self, link: LinkId) -> bool:
        """Whether this node has ever told a code."""
        return self._known(link, "has_digits")

    async def expose(self, link: LinkId) -> None:
        """Somebody has opened this node: it may not disarm until it is paired anew."""
        await self._note(link, "is_exposed")

    async def note_digits(self, link: LinkId) -> None:
        """This node tells codes: without one it is not believed from now on."""
        await self._note(link, "has_digits")

    def _salt(self, household: str) -> bytes | None:
        found = self._ledger.read().execute("SELECT salt FROM code WHERE household = ? LIMIT 1", (household,))
        row = found.fetchone()
        return bytes(row[0]) if row else None

    def _match(self, household: str, digest: bytes) -> Known | None:
        rows = self._ledger.read().execute(
            "SELECT person, is_duress, digest FROM code WHERE household = ?", (household,)
        )
        match = None
        for person, is_duress, stored in rows:  # all of them, whichever it is
            if hmac.compare_digest(digest, stored):
                match = Known(person, bool(is_duress))
        return match

    def _known(self, link: LinkId, column: str) -> bool:
        found = self._ledger.read().execute(
            f"SELECT {column} FROM keypad WHERE network = ? AND node = ? AND epoch = ?",  # noqa: S608  # one of ours
            (*link.address, link.epoch),
        )
        row = found.fetchone()
        return bool(row and row[0])

    async def _note(self, link: LinkId, column: str) -> None:
        def store(connection: sqlite3.Connection) -> None:
            connection.execute(
                f"INSERT INTO keypad (network, node, epoch, {column}) VALUES (?, ?, ?, 1)"  # noqa: S608  # the same
                f" ON CONFLICT DO UPDATE SET {column} = 1",
                (*link.address, link.epoch),
            )

        await self._ledger.write(store)


def _digest(digits: bytes, salt: bytes) -> bytes:
    return hashlib.scrypt(digits, salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P, maxmem=1 << 26, dklen=32)


def _unfit(what: str) -> ServiceError:
    return ServiceError(what, _("No code was changed."), _("Choose another one."))
