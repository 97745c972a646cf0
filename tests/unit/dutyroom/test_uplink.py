"""The uplink's endpoint: what keeps the contract is committed, everything else is refused whole."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anju.dutyroom.desk import Desk
from anju.dutyroom.store import reports_held
from anju.dutyroom.uplink import application
from anju.ledger import LedgerError
from anju.uplink.canonical import canonical
from anju.uplink.commands import CommandPage
from anju.uplink.receipts import Receipt
from anju.uplink.reports import MOST_BYTES, Batch, ReportKind
from unit.dutyroom.reports import JOURNAL, batch, press, report

pytestmark = pytest.mark.anyio
BATCHES = "/uplink/v1/batches"
COMMANDS = "/uplink/v1/commands"


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """A concentrator's connection."""
    transport = httpx.ASGITransport(application(desk))
    async with httpx.AsyncClient(transport=transport, base_url="http://duty-room") as opened:
        yield opened


def changed(one: Batch, **fields: Any) -> bytes:
    """A batch whose first report says something else than its hash."""
    plain = json.loads(canonical(one))
    plain["rows"][0]["report"] |= fields
    return json.dumps(plain).encode()


async def test_a_batch_gets_a_receipt_and_a_replay_gets_the_same(client: httpx.AsyncClient, path: Path) -> None:
    answers = [await client.post(BATCHES, content=canonical(batch(press(1), press(2)))) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert len(Receipt.model_validate_json(answers[0].content).rows) == 2
    assert len(list(reports_held(path))) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"rows": ' + b'{"a":' * 5000,
        changed(batch(press(1)), unheard_of=1),
        changed(batch(press(1)), seq="1"),
        changed(batch(press(1)), seq=0),
        changed(batch(press(1)), seq=2**70),
        changed(batch(press(1)), seq=1.0),
        changed(batch(press(1)), household="3-2"),
        changed(batch(press(1)), kind="panic"),
        changed(batch(press(1)), recorded_at_ms=-1),
        canonical(batch(press(1))).replace(JOURNAL.encode(), b"x"),
        canonical(batch(press(1))).replace(b'"version":1', b'"version":2'),
        b'{"journal_id":"%s","concentrator":"3","rows":[]}' % JOURNAL.encode(),
    ],
)
async def test_what_is_no_batch_is_refused(client: httpx.AsyncClient, path: Path, body: bytes) -> None:
    answer = await client.post(BATCHES, content=body)
    assert answer.status_code == 422
    assert "nothing was stored" in answer.json()["error"]
    assert list(reports_held(path)) == []


async def test_a_refusal_repeats_nothing_of_what_came(client: httpx.AsyncClient) -> None:
    answer = await client.post(BATCHES, content=changed(batch(press(1)), kind="a household's secret"))
    assert "secret" not in answer.text


@pytest.mark.parametrize("fields", [{"delayed": True}, {"household": "3-2-0502"}, {"seq": 9}, {"recorded_at_ms": 1}])
async def test_one_row_that_is_not_what_its_hash_says_refuses_all(
    client: httpx.AsyncClient, path: Path, fields: dict[str, Any]
) -> None:
    answer = await client.post(BATCHES, content=changed(batch(press(1), press(2)), **fields))
    assert answer.status_code == 422
    assert "sha256" in answer.json()["error"]
    assert list(reports_held(path)) == []


async def test_a_batch_may_have_500_rows_and_no_more(client: httpx.AsyncClient, path: Path) -> None:
    rows = [
        json.loads(canonical(one)) for one in batch(*(report(seq, ReportKind.OPENED) for seq in range(1, 501))).rows
    ]
    whole = {"journal_id": JOURNAL, "concentrator": "3", "rows": rows}
    assert (await client.post(BATCHES, json=whole | {"rows": [*rows, rows[0]]})).status_code == 422
    assert list(reports_held(path)) == []
    assert (await client.post(BATCHES, json=whole)).status_code == 200
    assert len(list(reports_held(path))) == 500


async def test_an_oversized_body_is_refused_while_it_comes(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * MOST_BYTES:
            sent += 65536
            yield b" " * 65536

    answer = await client.post(BATCHES, content=endless())
    assert answer.status_code == 413
    assert sent <= MOST_BYTES + 2 * 65536


async def test_what_cannot_be_written_is_not_acknowledged(
    client: httpx.AsyncClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise LedgerError("The disk is full.", "Nothing was written.", "Make room.")

    monkeypatch.setattr(desk._store._ledger, "write", full)
    answer = await client.post(BATCHES, content=canonical(batch(press(1))))
    assert answer.status_code == 503
    assert "The disk is full." in answer.json()["error"]


async def test_a_poll_gets_a_page(client: httpx.AsyncClient) -> None:
    answer = await client.get(COMMANDS, params={"journal_id": JOURNAL, "after": "0", "wait_s": "0"})
    assert answer.status_code == 200
    assert CommandPage.model_validate_json(answer.content).commands == ()


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"journal_id": "x"},
        {"journal_id": JOURNAL, "after": "-1"},
        {"journal_id": JOURNAL, "after": "1e400"},
        {"journal_id": JOURNAL, "wait_s": "26"},
        {"journal_id": JOURNAL, "wait_s": "nan"},
        {"journal_id": JOURNAL, "other": "1"},
    ],
)
async def test_what_is_no_poll_is_refused(client: httpx.AsyncClient, query: dict[str, str]) -> None:
    assert (await client.get(COMMANDS, params=query)).status_code == 422


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 600), byte=st.integers(0, 255), length=st.integers(0, 3))
async def test_a_damaged_batch_is_refused_or_is_what_was_sent(
    client: httpx.AsyncClient, path: Path, at: int, byte: int, length: int
) -> None:
    whole = canonical(batch(press(1)))
    answer = await client.post(BATCHES, content=whole[:at] + bytes([byte]) * length + whole[at + 1 :])
    assert answer.status_code in {200, 422}
    assert {held for _, _, held in reports_held(path)} <= {press(1)}
