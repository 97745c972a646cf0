"""Pairing as a person sees it: the real concentrator as a process, the node's real end, UDP between them."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator

import pytest

from anju.service.errors import ServiceError
from anju.wire.label import SetupCode, short_name
from anju.wire.table import Code, Step
from stateful.pairing import hasten
from unit.concentrator.pairing_kit import HOUSEHOLD, ZONES, AirNode, Estate, NewNode, estate, nodes_of, paired

ME = pwd.getpwuid(os.getuid()).pw_name
DOOR, BED = 0, 1


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


@pytest.fixture
def site() -> Iterator[Estate]:
    with estate() as running:
        yield running


@pytest.fixture
def new(site: Estate) -> Iterator[NewNode]:
    with nodes_of(site) as making:
        yield making


@pytest.mark.parametrize("kind", ["scanned", "typed"])
def test_from_a_label_to_a_proved_node(site: Estate, new: NewNode, kind: str) -> None:
    node = new()
    label = node.node.label
    number = site.pair(label.qr_text if kind == "scanned" else label.code.typed)
    node.open()
    node.pair()
    far = node.paired()
    node.ack_of(far, far.hello())
    node.ack_of(far, far.event(Code.OPENED, DOOR))
    told = site.told(number)
    assert [step["step"] for step in told] == ["searching", "heard", "known", "paired", "proved", "triggered"]
    assert told[3] == {"step": "paired", "device": label.short_name, "node": 1, "network": 1, "ask": "door"}
    assert told[5] == {"step": "triggered", "device": label.short_name, "zone": "front-door", "what": "opened"}
    assert site.ask("pairing", pairing=number, after=0)["result"] == "proved"
    (shown,) = site.nodes()
    wanted = {
        "node": "1/1",
        "name": label.short_name,
        "device": label.device,
        "household": HOUSEHOLD,
        "zones": ZONES,
        "person": ME,
        "link": "udp",
        "state": "proved",
    }
    assert shown.items() >= wanted.items()
    report = next(report for report in site.reports() if report.kind == "node_paired")
    assert (report.household, report.person, report.device) == (HOUSEHOLD, ME, label.device)
    assert [zone.name for zone in report.zones or ()] == ["front-door", "bed"]
    assert site.kinds().count("node_paired") == 1


def test_the_node_is_given_the_estates_root_key_and_the_private_half_is_nowhere_else(
    site: Estate, new: NewNode
) -> None:
    node = new()
    paired(site, node)
    folder = site.site.folder
    assert node.node.root_key.hex() == (folder / "root-key.pub").read_text().strip()
    assert stat.S_IMODE((folder / "root-key.pem").stat().st_mode) == 0o600
    (folder / "root-key.pem").unlink()  # whoever owns the estate keeps it elsewhere
    other = new(2)
    site.restart()
    paired(site, other, household="3-2-0502")
    assert len(site.nodes()) == 2


def test_a_setup_code_is_nowhere_on_the_disk_nor_in_the_log(site: Estate, new: NewNode) -> None:
    node = new()
    code = node.node.label.code
    number = site.pair(node.node.label.qr_text)
    node.open()
    node.talk_until_heard(Step.GRANT)
    site.pair(node.node.label.qr_text)
    node.pair()
    assert "paired" in site.steps(number)
    site.process.terminate()
    out, err = site.process.communicate()
    kept = [file.read_bytes() for file in site.site.folder.iterdir() if file.is_file()]
    for content in (*kept, out.encode(), err.encode()):
        for secret in (code.secret, code.secret.hex().encode(), code.typed.encode(), code.symbols.encode()):
            assert secret not in content


class TestNothingChanged:
    """And why."""

    def ended(self, site: Estate, number: str, *nodes: AirNode) -> str:
        """How an attempt ends."""
        nodes[0].talk_until(lambda: site.ask("pairing", pairing=number, after=0)["result"])
        answer = site.ask("pairing", pairing=number, after=0)
        assert answer["result"] == "failed"
        assert site.nodes() == []
        nodes[0].talk_until(lambda: "pairing_failed" in site.kinds())
        (report,) = [report for report in site.reports() if report.kind == "pairing_failed"]
        assert (report.household, report.person) == (HOUSEHOLD, ME)
        assert report.failure == answer["steps"][-1]["step"]
        return str(report.failure)

    def test_nobody_is_there(self, site: Estate, new: NewNode) -> None:
        node = new()
        assert self.ended(site, site.pair(node.node.label.qr_text, timeout_s=5), node) == "silent"

    @pytest.mark.parametrize("kind", ["scanned", "typed"])
    def test_a_wrong_code(self, site: Estate, new: NewNode, kind: str) -> None:
        node, wrong = new(), SetupCode(bytes(10))
        device = node.node.label.device
        number = site.pair(f"ANJU1:{device}{wrong.symbols}" if kind == "scanned" else wrong.typed, timeout_s=5)
        node.open()
        assert self.ended(site, number, node) == "no_answer"
        assert node.node.end.refused > 1
        heard = [step for step in site.told(number) if step["step"] == "heard"]
        assert heard == [{"step": "heard", "device": short_name(device)}]

    def test_another_nodes_label(self, site: Estate, new: NewNode) -> None:
        node, other = new(), new(2)
        number = site.pair(other.node.label.qr_text, timeout_s=5)
        node.open()
        assert self.ended(site, number, node) == "silent"

    def test_too_few_inputs(self, site: Estate, new: NewNode) -> None:
        node = new(inputs=1)
        number = site.pair(node.node.label.code.typed)
        node.open()
        assert self.ended(site, number, node) == "too_few_inputs"

    @pytest.mark.parametrize("kind", ["scanned", "typed"])
    def test_a_person_takes_it_back(self, site: Estate, new: NewNode, kind: str) -> None:
        node = new()
        label = node.node.label
        number = site.pair(label.qr_text if kind == "scanned" else label.code.typed)
        assert site.ask("pair_cancel", pairing=number)["result"] == "failed"
        node.open()
        assert self.ended(site, number, node) == "withdrawn"

    def test_it_is_taken_back_in_the_midst(self, site: Estate, new: NewNode) -> None:
        node = new()
        number = site.pair(node.node.label.qr_text)
        node.open()
        node.talk_until_heard(Step.GRANT)
        site.ask("pair_cancel", pairing=number)
        node.talk_until(lambda: not node.node.end.is_pending and Step.OUTCOME in node.heard)
        assert node.node.identity is None
        assert self.ended(site, number, node) == "withdrawn"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"code": "000G-40R4-0M30-E209-K"}, "This is no setup code"),
        ({"household": "4-2-0501"}, "is not a household of building 3"),
        ({"household": "no"}, "is not a household of building 3"),
        ({"zones": "[]"}, "A node has 1 to 16 inputs"),
        ({"zones": "nonsense"}, "does not understand this request"),
        ({"zones": None}, "does not understand this request"),
        ({"timeout_s": 1}, "can be waited for from 5 to 900 s"),
        ({"timeout_s": "long"}, "can be waited for from 5 to 900 s"),
        ({"replace": "D-00000"}, "There is no node or household D-00000 here"),
    ],
)
def test_what_cannot_be_begun_is_refused_and_says_why(site: Estate, changed: dict[str, object], why: str) -> None:
    code = SetupCode(bytes(range(10))).typed
    with pytest.raises(ServiceError, match=why):
        site.pair(**({"code": code} | changed))  # type: ignore[arg-type]
    with pytest.raises(ServiceError, match="forgotten this attempt"):
        site.ask("pairing", pairing="none")


def test_without_a_root_key_nothing_is_begun(site: Estate) -> None:
    (site.site.folder / "root-key.pub").unlink()
    with pytest.raises(ServiceError, match="This site has no root key"):
        site.pair(SetupCode(bytes(10)).typed)
