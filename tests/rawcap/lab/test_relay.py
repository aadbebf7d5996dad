"""The bad link: what becomes of a frame depends on the seed and its place, and on nothing else."""

from __future__ import annotations

import pytest

from rawcap.lab.relay import Conditions, Fate, Link, kind_of

SYN = bytes.fromhex(
    "02000000000202000000000108004500003c123440004006a484c0000201c0000202"
    "c00001bb000003e800000000a002faf003670000020405b40402080a000000010000000001030307"
)
ACK = bytes.fromhex(
    "020000000002020000000001080045000028123440004006a498c0000201c0000202c00001bb000003e900001389501001f650ad0000"
)
DATA = bytes.fromhex("02000000000202000000000108004500002a") + ACK[18:] + b"hi"
UDP = bytes.fromhex("020000000002020000000001080045000021123440004011a494c0000201c000020213889c40000d883568656c6c6f")
ARP = bytes.fromhex("ffffffffffff0200000000010806") + bytes(28)


@pytest.mark.parametrize(
    ("frame", "kind"), [(SYN, "SYN"), (ACK, "ACK"), (DATA, "data"), (UDP, "UDP"), (ARP, ""), (SYN[:40], "")]
)
def test_kinds_of_frames(frame: bytes, kind: str) -> None:
    assert kind_of(frame) == kind


class TestLink:
    def test_a_perfect_one_does_nothing(self) -> None:
        link = Link(Conditions())
        assert [link.fate("client", frame) for frame in (SYN, ACK, ARP)] == [Fate("SYN"), Fate("ACK"), Fate("")]

    def test_the_same_seed_loses_the_same_frames(self) -> None:
        lost = [
            [place for place in range(40) if link.fate("client", UDP).lost]
            for link in (Link(Conditions(loss=0.2, seed=7)), Link(Conditions(loss=0.2, seed=7)))
        ]
        assert lost[0] == lost[1] != []

    def test_another_seed_loses_others(self) -> None:
        lost = [
            [place for place in range(40) if link.fate("client", UDP).lost]
            for link in (Link(Conditions(loss=0.2, seed=7)), Link(Conditions(loss=0.2, seed=8)))
        ]
        assert lost[0] != lost[1]

    def test_one_direction_does_not_change_the_other(self) -> None:
        alone, both = Link(Conditions(loss=0.2)), Link(Conditions(loss=0.2))
        expected = [alone.fate("client", UDP) for _ in range(20)]
        found = []
        for _ in range(20):
            both.fate("server", UDP)
            found.append(both.fate("client", UDP))
        assert found == expected

    def test_a_frame_that_is_to_be_lost_is_lost_once(self) -> None:
        link = Link(Conditions(lose=("client data",)))
        frames = [SYN, DATA, DATA]
        assert [link.fate("client", frame).lost for frame in frames] == [False, True, False]

    def test_what_hosts_tell_their_link_is_never_lost(self) -> None:
        assert Link(Conditions(loss=1.0)).fate("client", ARP) == Fate("")

    def test_everything_is_lost_with_a_loss_of_all(self) -> None:
        assert Link(Conditions(loss=1.0)).fate("client", SYN) == Fate("SYN", lost=True)
