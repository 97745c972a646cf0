"""The estate's own authority: one certificate a machine, good until it is revoked, and nobody else's counts."""

from __future__ import annotations

import datetime as dt
import resource
import stat
from pathlib import Path

import pytest

from anju.service.certs import places
from anju.service.certs.authority import Authority
from anju.service.certs.holder import Holder
from anju.service.certs.own import Own
from anju.service.certs.trust import Refused, Trust, Why, period
from anju.service.errors import ServiceError
from unit.service.certs_kit import DUTY_ROOM, NOW, Estate

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_LANG", "en")


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """An estate with an authority and nothing issued."""
    return Estate(tmp_path / "estate")


def refused(trust: Trust, own: Own) -> Why:
    with pytest.raises(Refused) as found:
        trust.judge(own.certificate)
    return found.value.why


class TestAuthority:
    def test_nobody_else_may_read_what_it_writes(self, estate: Estate) -> None:
        estate.issue("3")
        files = [path for path in estate.folder.rglob("*") if path.is_file()]
        assert len(files) == 5
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}

    def test_an_estate_has_one(self, estate: Estate) -> None:
        before = (estate.folder / "certs/authority-key.pem").read_bytes()
        with pytest.raises(ServiceError, match="has an authority already"):
            Authority.create(estate.folder, "Sunny Garden", NOW)
        assert (estate.folder / "certs/authority-key.pem").read_bytes() == before

    def test_a_disk_that_is_full_leaves_no_half_of_one(self, tmp_path: Path) -> None:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))  # the key fits, its certificate does not
        try:
            with pytest.raises(ServiceError, match="cannot be written"):
                Authority.create(tmp_path, "Sunny Garden", NOW)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        Authority.create(tmp_path, "Sunny Garden", NOW)

    def test_a_name_has_one_machine(self, estate: Estate) -> None:
        estate.issue("3")
        with pytest.raises(ServiceError, match="not revoked"):
            estate.authority.issue(Holder("3"), estate.folder / "again.pem", 730, NOW)
        assert not (estate.folder / "again.pem").exists()

    def test_what_was_revoked_may_be_issued_again_and_what_has_ended_is_renewed(self, estate: Estate) -> None:
        estate.issue("3", days=10)
        with pytest.raises(ServiceError, match="not revoked"):
            estate.authority.issue(Holder("3"), estate.folder / "later.pem", 10, NOW + 11 * DAY)
        estate.authority.renew(Holder("3"), estate.folder / "later.pem", 10, NOW + 11 * DAY)
        estate.revoke("3")
        estate.authority.issue(Holder("3"), estate.folder / "last.pem", 10, NOW + 11 * DAY)

    def test_renewing_makes_a_new_key_and_the_older_one_counts_until_it_is_revoked(self, estate: Estate) -> None:
        older = estate.issue("3")
        before, certificate = older.key, older.certificate
        estate.authority.renew(Holder("3"), older.path, 730, NOW)
        assert older.key.public_key() != before.public_key()
        assert estate.trust().judge(older.certificate) == Holder("3")
        assert estate.trust().judge(certificate) == Holder("3")
        estate.authority.revoke(f"{certificate.serial_number:x}", NOW)
        assert estate.trust().judge(older.certificate) == Holder("3")
        with pytest.raises(Refused):
            estate.trust().judge(certificate)

    def test_renewing_replaces_no_file_of_somebody_else(self, estate: Estate) -> None:
        estate.issue("3")
        four = estate.issue("4")
        before = four.path.read_bytes()
        with pytest.raises(ServiceError, match="exists already"):
            estate.authority.renew(Holder("3"), four.path, 730, NOW)
        assert four.path.read_bytes() == before
        assert len(estate.authority.issued()) == 2

    def test_who_has_none_cannot_renew(self, estate: Estate) -> None:
        with pytest.raises(ServiceError, match="no certificate that could be renewed"):
            estate.authority.renew(Holder("3"), estate.folder / "3.pem", 730, NOW)

    def test_what_could_not_be_written_was_not_issued(self, estate: Estate) -> None:
        with pytest.raises(ServiceError, match="cannot be written"):
            estate.authority.issue(Holder("3"), estate.folder / "nowhere" / "3.pem", 730, NOW)
        assert estate.authority.issued() == []

    def test_a_damaged_one_is_said(self, estate: Estate) -> None:
        (estate.folder / "certs/authority-key.pem").write_text("no key")
        with pytest.raises(ServiceError, match="a file is damaged"):
            Authority.open(estate.folder)

    def test_a_clock_that_runs_ahead_issues_nothing_that_has_ended(self, estate: Estate) -> None:
        with pytest.raises(ServiceError, match="clock says 2126"):
            estate.authority.issue(Holder("3"), estate.folder / "3.pem", 730, NOW.replace(year=2126))


class TestTrust:
    def test_a_certificate_names_its_machine(self, estate: Estate) -> None:
        assert estate.trust().judge(estate.issue("3").certificate) == Holder("3")
        assert estate.trust().judge(estate.issue("duty-room").certificate) == DUTY_ROOM

    def test_another_estates_is_foreign_whatever_it_is_called(self, estate: Estate, tmp_path: Path) -> None:
        assert refused(estate.trust(), Estate(tmp_path / "other").issue("3")) is Why.FOREIGN

    def test_dates_refuse_nobody(self, estate: Estate) -> None:
        own = estate.issue("3", days=10)
        begins, ends = period(own.certificate)
        assert (begins < NOW, ends) == (True, NOW + 10 * DAY)
        assert estate.trust().judge(own.certificate) == Holder("3")

    def test_what_has_ended_is_revoked_like_any_other(self, estate: Estate) -> None:
        own = estate.issue("3", days=10)
        estate.authority.revoke("3", NOW + 100 * DAY)
        assert refused(estate.trust(), own) is Why.REVOKED

    def test_revoked_counts_at_once_in_what_runs(self, estate: Estate) -> None:
        own, other, trust = estate.issue("3"), estate.issue("4"), estate.trust()
        assert trust.judge(own.certificate) == Holder("3")
        estate.revoke("3")
        assert refused(trust, own) is Why.REVOKED
        assert trust.judge(other.certificate) == Holder("4")

    def test_revoked_counts_although_the_clock_was_put_back(self, estate: Estate) -> None:
        three, four, trust = estate.issue("3"), estate.issue("4"), estate.trust()
        estate.revoke("3")
        trust.judge(four.certificate)
        estate.authority.revoke("4", NOW - 100 * DAY)
        assert {refused(trust, one) for one in (three, four)} == {Why.REVOKED}

    @pytest.mark.parametrize("content", [b"", b"no list", None])
    def test_a_spoiled_list_takes_nothing_back(self, estate: Estate, content: bytes | None) -> None:
        own, trust = estate.issue("3"), estate.trust()
        estate.revoke("3")
        assert refused(trust, own) is Why.REVOKED
        estate.revoked.unlink()
        if content is not None:
            estate.revoked.write_bytes(content)
        assert refused(trust, own) is Why.REVOKED

    def test_an_older_or_a_foreign_list_takes_nothing_back(self, estate: Estate, tmp_path: Path) -> None:
        own, trust = estate.issue("3"), estate.trust()
        older = estate.revoked.read_bytes()
        estate.authority.revoke("3", NOW + DAY)
        assert refused(trust, own) is Why.REVOKED
        for content in (older, Estate(tmp_path / "other", NOW + 2 * DAY).revoked.read_bytes()):
            estate.revoked.unlink()
            estate.revoked.write_bytes(content)
            assert refused(trust, own) is Why.REVOKED

    def test_without_a_list_nothing_starts(self, estate: Estate) -> None:
        estate.revoked.unlink()
        with pytest.raises(ServiceError, match="list of revoked certificates is missing"):
            estate.trust()
        estate.revoked.write_bytes(b"no list")
        with pytest.raises(ServiceError, match="cannot be used"):
            estate.trust()


class TestOwn:
    def test_a_file_that_others_may_read_is_not_used(self, estate: Estate) -> None:
        path = estate.issue("3").path
        path.chmod(0o640)
        with pytest.raises(ServiceError, match="others may read it"):
            Own.open(path, Holder("3"))

    def test_another_buildings_is_not_used(self, estate: Estate) -> None:
        with pytest.raises(ServiceError, match="it was issued for concentrator 4"):
            Own.open(estate.issue("4").path, Holder("3"))

    @pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\n"])
    def test_a_damaged_one_is_said_without_its_content(self, estate: Estate, content: bytes) -> None:
        path = estate.issue("3").path
        secret = path.read_text().splitlines()[1]
        path.write_bytes(content)
        with pytest.raises(ServiceError) as error:
            Own.open(path, Holder("3"))
        assert secret not in str(error.value)
        assert "chmod 600" in error.value.next_step

    def test_a_missing_one_is_said_with_where_to_get_it(self, tmp_path: Path) -> None:
        with pytest.raises(ServiceError) as error:
            Own.open(tmp_path / "uplink.pem", Holder("3"))
        assert "anju certs issue 3" in error.value.next_step

    def test_a_renewal_that_is_damaged_leaves_the_one_from_before(self, estate: Estate) -> None:
        own = estate.issue("3")
        before = own.certificate
        fresh = own.path.with_suffix(".new")
        fresh.write_bytes(b"half a file")
        fresh.replace(own.path)
        assert own.certificate == before


def test_a_holder_is_the_duty_room_or_a_building() -> None:
    assert str(Holder.typed("duty-room")) == "duty-room"
    assert Holder.typed("3B").building == "3B"
    for text in ("", "3-2", "dutyroom", "3\n", "12345", "三"):
        with pytest.raises(ValueError, match="no holder"):
            Holder.typed(text)


def test_the_register_lists_what_was_issued(estate: Estate) -> None:
    estate.issue("3", days=10)
    estate.issue("4", days=5)
    estate.revoke("3")
    told = [(str(one.holder), one.is_revoked, one.has_ended(NOW + 6 * DAY)) for one in estate.authority.issued()]
    assert told == [("4", False, True), ("3", True, False)]
    assert (estate.folder / places.FOLDER / places.ISSUED).is_dir()
