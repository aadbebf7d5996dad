"""The state machine as a table: every state with every event, whole lives, and its page."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from rawcap.tcp import states
from rawcap.tcp.states import EVENTS, PROOF, STATES, TABLE, TRANSITIONS

ROOT = Path(__file__).parents[3]

# What becomes of a state in each event. "." is no change. Columns, in this order:
#   sent: SYN, SYN,ACK, FIN, crossing FIN, RST, other;
#   received: SYN, SYN,ACK, ACK of SYN, FIN, ACK of FIN, RST, other; 2MSL
NAMES = {
    "CL": "CLOSED",
    "SS": "SYN-SENT",
    "SR": "SYN-RECEIVED",
    "ES": "ESTABLISHED",
    "F1": "FIN-WAIT-1",
    "F2": "FIN-WAIT-2",
    "CW": "CLOSE-WAIT",
    "CG": "CLOSING",
    "LA": "LAST-ACK",
    "TW": "TIME-WAIT",
}
EXPECTED = {
    #                S   SA  F   cF  R   o    S   SA  aS  F   aF  R   o    2MSL
    "UNKNOWN":      "SS  SR  F1  F1  CL  ES   .   .   .   CW  .   CL  .    .",
    "CLOSED":       "SS  SR  .   .   .   .    .   .   .   .   .   .   .    .",
    "LISTEN":       "SS  SR  .   .   .   .    SR  .   .   .   .   .   .    .",
    "SYN-SENT":     ".   SR  F1  F1  .   ES   SR  ES  .   .   .   CL  .    .",
    "SYN-RECEIVED": ".   .   F1  F1  CL  .    .   ES  ES  CW  .   CL  .    .",
    "ESTABLISHED":  "SS  .   F1  F1  CL  .    .   .   .   CW  .   CL  .    .",
    "FIN-WAIT-1":   ".   .   .   .   CL  .    .   .   .   CG  F2  CL  .    .",
    "FIN-WAIT-2":   ".   .   .   .   CL  .    .   .   .   TW  .   CL  .    .",
    "CLOSE-WAIT":   ".   .   LA  CG  CL  .    .   .   .   .   .   CL  .    .",
    "CLOSING":      ".   .   .   .   CL  .    .   .   .   .   TW  CL  .    .",
    "LAST-ACK":     ".   .   .   .   CL  .    .   .   .   .   CL  CL  .    .",
    "TIME-WAIT":    ".   .   .   .   CL  .    .   .   .   .   .   CL  .    CL",
}  # fmt: skip
COLUMNS = (
    "send SYN",
    "send SYN,ACK",
    "send FIN",
    "send crossing FIN",
    "send RST",
    "send other",
    "receive SYN",
    "receive SYN,ACK",
    "receive ACK of SYN",
    "receive FIN",
    "receive ACK of FIN",
    "receive RST",
    "receive other",
    "2MSL",
)
CELLS = [
    (state, event, NAMES.get(cell, state))
    for state, row in EXPECTED.items()
    for event, cell in zip(COLUMNS, row.split(), strict=True)
]


def after(state: str, *events: str) -> list[str]:
    """The states that a side goes through, from the one given."""
    life = [state]
    for event in events:
        assert event in EVENTS
        new = TRANSITIONS.get((life[-1], event), life[-1])
        if new != life[-1]:
            life.append(new)
    return life


def test_these_are_the_states() -> None:
    assert tuple(EXPECTED) == STATES


def test_these_are_the_events() -> None:
    assert EVENTS == COLUMNS


@pytest.mark.parametrize(("state", "event", "new"), CELLS, ids=lambda value: value.replace(" ", "_"))
def test_every_state_with_every_event(state: str, event: str, new: str) -> None:
    assert TRANSITIONS.get((state, event), state) == new


def test_native_code_reads_the_same_table() -> None:
    flat = states.flat()
    assert len(CELLS) == len(flat) == 12 * 14
    for index, (_, _, new) in enumerate(CELLS):
        assert STATES[flat[index]] == new


def test_no_arrow_is_there_twice_and_none_leads_nowhere() -> None:
    assert len(TRANSITIONS) == len(TABLE)
    assert all(arrow.state != arrow.new for arrow in TABLE)


def test_every_arrow_has_its_rule() -> None:
    sections = {"3.5", "3.5.3", "3.10.1", "3.10.2", "3.10.4", "3.10.5", "3.10.8"}
    in_order = {"3.10.7.2", "3.10.7.3", "3.10.7.4"}
    assert {arrow.rule for arrow in TABLE} == {PROOF} | sections | in_order


def test_only_what_is_sent_proves_a_state_except_where_a_fin_is_remembered() -> None:
    received = [arrow for arrow in TABLE if arrow.rule == PROOF and not arrow.event.startswith("send")]
    assert [(arrow.state, arrow.event) for arrow in received] == [("UNKNOWN", "receive FIN")]


class TestOpening:
    def test_active(self) -> None:
        assert after("CLOSED", "send SYN", "receive SYN,ACK", "receive ACK of SYN", "send other") == [
            "CLOSED",
            "SYN-SENT",
            "ESTABLISHED",
        ]

    def test_passive(self) -> None:
        assert after("UNKNOWN", "receive SYN", "send SYN,ACK", "receive ACK of SYN", "receive other") == [
            "UNKNOWN",
            "SYN-RECEIVED",
            "ESTABLISHED",
        ]

    def test_a_syn_that_nobody_answers_proves_nothing_about_the_server(self) -> None:
        assert after("UNKNOWN", "receive SYN", "receive SYN", "receive SYN") == ["UNKNOWN"]

    def test_a_repeated_syn_changes_nothing(self) -> None:
        assert after("CLOSED", "send SYN", "send SYN", "send SYN") == ["CLOSED", "SYN-SENT"]

    def test_simultaneous(self) -> None:
        """RFC 9293, figure 7, which both sides go through; one of the SYNs passes the capture before the other."""
        assert after("UNKNOWN", "receive SYN", "send SYN", "receive SYN", "receive SYN,ACK", "send SYN,ACK") == [
            "UNKNOWN",
            "SYN-SENT",
            "SYN-RECEIVED",
            "ESTABLISHED",
        ]
        assert after(
            "CLOSED", "send SYN", "receive SYN", "send SYN,ACK", "receive SYN,ACK", "receive ACK of SYN"
        ) == ["CLOSED", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED"]

    def test_simultaneous_where_the_other_syn_was_not_captured(self) -> None:
        assert after("CLOSED", "send SYN", "send SYN,ACK", "receive ACK of SYN") == [
            "CLOSED",
            "SYN-SENT",
            "SYN-RECEIVED",
            "ESTABLISHED",
        ]

    def test_a_server_that_sends_data_before_its_syn_is_acknowledged(self) -> None:
        """Fast open (RFC 7413)."""
        life = ["UNKNOWN", "SYN-RECEIVED"]
        assert after("UNKNOWN", "receive SYN", "send SYN,ACK", "send other", "send other") == life
        assert after("SYN-RECEIVED", "send other", "receive ACK of SYN") == ["SYN-RECEIVED", "ESTABLISHED"]

    def test_a_server_that_drops_the_last_acknowledgement(self) -> None:
        """It repeats its SYN,ACK, which may also have crossed the acknowledgement."""
        assert after("UNKNOWN", "send SYN,ACK", "receive ACK of SYN", "send SYN,ACK", "receive ACK of SYN") == [
            "UNKNOWN",
            "SYN-RECEIVED",
            "ESTABLISHED",
        ]

    def test_a_client_whose_answer_was_lost_behind_the_capture(self) -> None:
        assert after("CLOSED", "send SYN", "receive SYN,ACK", "send SYN", "receive SYN,ACK", "send other") == [
            "CLOSED",
            "SYN-SENT",
            "ESTABLISHED",
            "SYN-SENT",
            "ESTABLISHED",
        ]

    def test_a_client_whose_answer_was_not_captured(self) -> None:
        assert after("CLOSED", "send SYN", "send other") == ["CLOSED", "SYN-SENT", "ESTABLISHED"]

    def test_refused(self) -> None:
        assert after("CLOSED", "send SYN", "receive RST") == ["CLOSED", "SYN-SENT", "CLOSED"]
        assert after("UNKNOWN", "receive SYN", "send RST") == ["UNKNOWN", "CLOSED"]

    def test_a_client_that_resets_a_remnant_goes_on_trying(self) -> None:
        """RFC 9293, figure 9: the peer still has the old connection and answers with an ACK of that."""
        assert after("CLOSED", "send SYN", "receive other", "send RST", "send SYN", "receive SYN,ACK") == [
            "CLOSED",
            "SYN-SENT",
            "ESTABLISHED",
        ]

    def test_a_second_attempt_on_the_same_sockets_after_a_refusal(self) -> None:
        assert after("CLOSED", "send SYN", "receive RST", "send SYN", "receive SYN,ACK") == [
            "CLOSED",
            "SYN-SENT",
            "CLOSED",
            "SYN-SENT",
            "ESTABLISHED",
        ]
        assert after("UNKNOWN", "receive SYN", "send RST", "receive SYN", "send SYN,ACK") == [
            "UNKNOWN",
            "CLOSED",
            "SYN-RECEIVED",
        ]


class TestClosing:
    def test_first(self) -> None:
        assert after("ESTABLISHED", "send FIN", "receive ACK of FIN", "receive FIN", "send other", "2MSL") == [
            "ESTABLISHED",
            "FIN-WAIT-1",
            "FIN-WAIT-2",
            "TIME-WAIT",
            "CLOSED",
        ]

    def test_second(self) -> None:
        assert after("ESTABLISHED", "receive FIN", "send other", "send FIN", "receive ACK of FIN") == [
            "ESTABLISHED",
            "CLOSE-WAIT",
            "LAST-ACK",
            "CLOSED",
        ]

    def test_a_fin_that_acknowledges_the_fin(self) -> None:
        """Three segments close the connection; the one in the middle is two events."""
        assert after("FIN-WAIT-1", "receive ACK of FIN", "receive FIN") == ["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]

    def test_half(self) -> None:
        first = after("ESTABLISHED", "send FIN", "receive ACK of FIN", "receive other", "send other", "receive other")
        second = after("ESTABLISHED", "receive FIN", "send other", "receive other", "send other")
        assert first == ["ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"]
        assert second == ["ESTABLISHED", "CLOSE-WAIT"]

    def test_simultaneous(self) -> None:
        """RFC 9293, figure 13: the side whose FIN passes the capture first, then the other."""
        assert after("ESTABLISHED", "send FIN", "receive FIN", "send other", "receive ACK of FIN", "2MSL") == [
            "ESTABLISHED",
            "FIN-WAIT-1",
            "CLOSING",
            "TIME-WAIT",
            "CLOSED",
        ]
        assert after("ESTABLISHED", "receive FIN", "send crossing FIN", "receive ACK of FIN", "2MSL") == [
            "ESTABLISHED",
            "CLOSE-WAIT",
            "CLOSING",
            "TIME-WAIT",
            "CLOSED",
        ]

    def test_before_the_handshake_is_complete(self) -> None:
        assert after("SYN-RECEIVED", "send FIN", "receive ACK of SYN", "receive ACK of FIN", "receive FIN") == [
            "SYN-RECEIVED",
            "FIN-WAIT-1",
            "FIN-WAIT-2",
            "TIME-WAIT",
        ]

    def test_a_fin_in_the_segment_that_completes_the_handshake(self) -> None:
        assert after("SYN-RECEIVED", "receive ACK of SYN", "receive FIN") == [
            "SYN-RECEIVED",
            "ESTABLISHED",
            "CLOSE-WAIT",
        ]

    def test_a_fin_that_comes_before_the_acknowledgement_of_the_syn(self) -> None:
        assert after("SYN-RECEIVED", "receive FIN", "receive ACK of SYN", "send FIN") == [
            "SYN-RECEIVED",
            "CLOSE-WAIT",
            "LAST-ACK",
        ]

    def test_repeated_fins_change_nothing(self) -> None:
        assert after("FIN-WAIT-1", "send FIN", "send FIN") == ["FIN-WAIT-1"]
        assert after("TIME-WAIT", "receive FIN", "send other") == ["TIME-WAIT"]
        assert after("LAST-ACK", "receive FIN", "send FIN") == ["LAST-ACK"]

    def test_time_wait_ends_by_time_and_nothing_else_does(self) -> None:
        assert [state for state in STATES if after(state, "2MSL") != [state]] == ["TIME-WAIT"]


class TestReset:
    @pytest.mark.parametrize("event", ["send RST", "receive RST"])
    @pytest.mark.parametrize("state", STATES[4:])
    def test_ends_every_connection(self, state: str, event: str) -> None:
        assert after(state, event) == [state, "CLOSED"]

    def test_does_not_concern_a_listening_socket(self) -> None:
        assert after("LISTEN", "receive RST", "send RST") == ["LISTEN"]

    def test_leaves_nothing_for_what_is_still_on_its_way(self) -> None:
        late = [event for event in EVENTS if event not in ("send SYN", "send SYN,ACK")]
        assert after("CLOSED", *late) == ["CLOSED"]

    def test_while_the_handshake_is_on_its_way(self) -> None:
        """The child is closed; that the listening socket listens on is not its life."""
        assert after("UNKNOWN", "receive SYN", "send SYN,ACK", "receive RST") == ["UNKNOWN", "SYN-RECEIVED", "CLOSED"]


class TestCaptureThatStartsInTheMiddle:
    def test_with_data(self) -> None:
        assert after("UNKNOWN", "send other", "receive other") == ["UNKNOWN", "ESTABLISHED"]
        assert after("UNKNOWN", "receive other", "receive other") == ["UNKNOWN"]

    def test_with_the_syn_and_ack(self) -> None:
        assert after("UNKNOWN", "receive SYN,ACK", "receive ACK of SYN", "send other") == ["UNKNOWN", "ESTABLISHED"]
        assert after("UNKNOWN", "send SYN,ACK", "receive ACK of SYN") == ["UNKNOWN", "SYN-RECEIVED", "ESTABLISHED"]

    def test_with_a_syn_and_ack_that_nobody_asked_for(self) -> None:
        assert after("UNKNOWN", "receive SYN,ACK", "receive ACK of SYN", "send RST") == ["UNKNOWN", "CLOSED"]

    def test_with_the_first_fin(self) -> None:
        assert after("UNKNOWN", "send FIN", "receive ACK of FIN", "receive FIN") == [
            "UNKNOWN",
            "FIN-WAIT-1",
            "FIN-WAIT-2",
            "TIME-WAIT",
        ]
        assert after("UNKNOWN", "receive FIN", "send other", "send FIN", "receive ACK of FIN") == [
            "UNKNOWN",
            "CLOSE-WAIT",
            "LAST-ACK",
            "CLOSED",
        ]

    def test_with_a_reset(self) -> None:
        assert after("UNKNOWN", "send RST") == ["UNKNOWN", "CLOSED"]
        assert after("UNKNOWN", "receive RST") == ["UNKNOWN", "CLOSED"]

    def test_and_nothing_leads_back_to_not_knowing_or_to_listening(self) -> None:
        assert not {"UNKNOWN", "LISTEN"} & set(TRANSITIONS.values())


@pytest.fixture
def draw_states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with a copy of the page."""
    specification = importlib.util.spec_from_file_location("draw_states", ROOT / "scripts/draw_states.py")
    assert specification is not None
    assert specification.loader is not None
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    copy = tmp_path / "README.md"
    copy.write_text(script.PAGE.read_text())
    monkeypatch.setattr(script, "PAGE", copy)
    return script


class TestPage:
    def test_is_up_to_date(self, draw_states: ModuleType) -> None:
        assert draw_states.main(["--check"]) == 0

    def test_is_not_when_the_table_says_something_else(
        self, draw_states: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(draw_states, "TABLE", TABLE[1:])
        assert "not up to date" in draw_states.main(["--check"])
        assert draw_states.main([]) == 0
        assert draw_states.main(["--check"]) == 0

    def test_keeps_what_is_written_around_the_drawing(self, draw_states: ModuleType) -> None:
        page = draw_states.PAGE
        page.write_text(f"# Before\n{draw_states.BEGIN}old\n{draw_states.END}## After\n")
        assert draw_states.main([]) == 0
        assert page.read_text().startswith(f"# Before\n{draw_states.BEGIN}\nWhat RFC 9293 says")
        assert page.read_text().endswith(f"|\n\n{draw_states.END}## After\n")
        assert "old\n" not in page.read_text()

    def test_needs_its_markers(self, draw_states: ModuleType) -> None:
        draw_states.PAGE.write_text("# Nothing here\n")
        assert "markers are missing" in draw_states.main([])
        assert draw_states.PAGE.read_text() == "# Nothing here\n"

    def test_shows_a_state_with_its_arrows(self, draw_states: ModuleType) -> None:
        drawing = draw_states.drawing()
        assert '    state "FIN-WAIT-1" as FIN_WAIT_1\n' in drawing
        assert "    SYN_SENT --> SYN_RECEIVED: send SYN,ACK<br/>receive SYN\n" in drawing
        assert "| **LAST-ACK** |  |  |  |  | CLOSED<br><sub>proof</sub> |" in drawing

    def test_refuses_what_it_does_not_know(self, draw_states: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
        assert draw_states.main(["--chekc"]) == 2
        assert capsys.readouterr().err == "usage: draw_states.py [--check]\n"
