"""`rawcap flows`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from rawcap.cli import flows as cli
from rawcap.show import flows
from rawcap.show.columns import columns

Run = Callable[..., Result]

PCAPS = Path(__file__).parents[3] / "pcaps" / "tcp"
THREE = PCAPS / "three_connections.pcapng"

TEXT = """\
TCP, 3 connections
#  client           server       opened     closed            packets  octets →  octets ←  start, s  duration      \
RTT  mean RTT
0  192.0.2.1:49152  192.0.2.2:7  handshake  orderly (client)       12        12         6  0.000000   1.24 ms   \
150 µs   59.1 µs
1  192.0.2.1:49153  192.0.2.2:7  handshake  orderly (server)       11        12         6  0.000312   1.31 ms  \
88.5 µs   74.0 µs
2  192.0.2.1:49154  192.0.2.2:7  handshake  reset (client)          6         6         0  0.000521    904 µs  \
80.2 µs    180 µs

3 connections: 3 handshake; 2 orderly, 1 reset; 42 octets
"""

UNREACHABLE = """\
TCP, 2 connections
#  client               server               opened       closed  packets  octets →  octets ←  start, s  duration  \
RTT  mean RTT  trouble
0  192.0.2.1:49152      198.51.100.1:7       unreachable  –             1         0         0  0.000000    202 ms  \
  –         –  host unreachable
1  [2001:db8::1]:49152  [2001:db8:100::1]:7  unreachable  –             1         0         0  0.207242    203 ms  \
  –         –  address unreachable

2 connections: 2 unreachable; 0 octets
"""

UDP = """\
UDP, 2 exchanges
#  client               server           outcome           packets →  packets ←  octets →  octets ←  start, s  \
duration  answer after
0  192.0.2.1:49152      192.0.2.2:7      port unreachable          1          0         7         0  0.000000  \
 94.0 µs             –
1  [2001:db8::1]:49152  [2001:db8::2]:7  port unreachable          1          0         7         0  0.000191  \
  271 µs             –

2 exchanges: 2 port unreachable; 14 octets
"""


def test_every_connection_and_the_totals(rawcap: Run) -> None:
    done = rawcap("flows", THREE)
    assert (done.exit_code, done.stdout, done.stderr) == (0, TEXT, "")


def test_why_a_host_was_not_reached(rawcap: Run) -> None:
    assert rawcap("flows", PCAPS / "host_unreachable.pcapng").stdout == UNREACHABLE


def test_exchanges(rawcap: Run) -> None:
    assert rawcap("flows", PCAPS / "udp_port_unreachable.pcapng", "--udp").stdout == UDP


def test_a_filter_picks_connections_whole(rawcap: Run) -> None:
    lines = rawcap("flows", THREE, "-Y", "tcp.flags.reset == 1").stdout.splitlines()
    assert lines[0] == "TCP, 1 of 3 connections"
    assert lines[2].split()[:6] == ["2", "192.0.2.1:49154", "192.0.2.2:7", "handshake", "reset", "(client)"]
    assert lines[-1] == "1 connection: 1 handshake; 1 reset; 6 octets"


def test_the_first_of_an_order(rawcap: Run) -> None:
    lines = rawcap("flows", THREE, "--sort", "duration", "--top", "2").stdout.splitlines()
    assert lines[0] == "TCP, the first 2 of 3 connections, by duration"
    assert [line.split()[0] for line in lines[2:4]] == ["1", "0"]


def test_the_orders_are_those_that_there_are() -> None:
    assert cli._ORDERS == flows.ORDERS


def test_json(rawcap: Run) -> None:
    (found,) = map(json.loads, rawcap("flows", PCAPS / "refused.pcapng", "-T", "json").stdout.splitlines())
    assert (found["opened"], found["closed"], found["server"]["rst"]) == ("refused", "never open", 2)
    assert found["client"]["syns"] == [1]
    assert found["handshake"] == {"complete": False, "syn": 1, "syn_ack": None, "ack": None, "rtt_ns": None}


def test_json_of_an_icmp_error(rawcap: Run) -> None:
    found = json.loads(rawcap("flows", PCAPS / "host_unreachable.pcapng", "-T", "json").stdout.splitlines()[1])
    assert [(each["packet"], each["version"], each["type"], each["code"]) for each in found["icmp"]] == [(4, 6, 1, 3)]


def test_columns(rawcap: Run) -> None:
    done = rawcap("flows", THREE, "-T", "fields", "-e", "stream", "-e", "closed", "-e", "time_wait")
    assert done.stdout == "0\torderly\tclient\n1\torderly\tserver\n2\treset\t\n"


def test_columns_that_need_no_name(rawcap: Run) -> None:
    assert rawcap("flows", PCAPS / "udp_answered.pcapng", "--udp", "-T", "fields").stdout == (
        "0\t192.0.2.1\t49152\t192.0.2.2\t7\tanswered\t1\t1\t6\t6\t1795517255489489078\t116397\t116397\n"
    )


def test_several_files_are_one(rawcap: Run) -> None:
    done = rawcap("flows", PCAPS / "refused.pcapng", PCAPS / "refused_ipv6.pcapng", "-T", "fields", "-e", "stream")
    assert done.stdout == "0\n1\n"


def test_standard_input(rawcap: Run) -> None:
    assert rawcap("flows", "-", stdin=THREE.read_bytes()).stdout == TEXT


def test_no_connection_but_an_exchange(rawcap: Run) -> None:
    done = rawcap("flows", PCAPS / "udp_answered.pcapng")
    assert (done.exit_code, done.stdout) == (0, "no TCP connection; 1 UDP exchange with --udp\n")


def test_no_exchange_but_connections(rawcap: Run) -> None:
    assert rawcap("flows", THREE, "--udp").stdout == "no UDP exchange; 3 TCP connections without --udp\n"


@pytest.mark.parametrize("nothing", ["udp", "tcp.port == 1"])
def test_no_connection_passes_the_filter(rawcap: Run, nothing: str) -> None:
    done = rawcap("flows", THREE, "-Y", nothing)
    assert (done.exit_code, done.stdout) == (0, "none of 3 TCP connections passes the filter\n")


def test_a_file_that_ends_too_early_is_followed_as_far_as_it_goes(rawcap: Run, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(THREE.read_bytes()[:-1])
    done = rawcap("flows", cut, "-T", "fields", "-e", "stream")
    assert (done.exit_code, done.stdout) == (1, "0\n1\n2\n")
    assert done.stderr.startswith(f"rawcap: {cut}")
    assert done.stderr.count("\n") == 1


def test_a_file_that_is_not_there(rawcap: Run) -> None:
    done = rawcap("flows", "nothing.pcap")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["-e", "stream"], "rawcap: -e goes with -T fields (see rawcap flows --help)\n"),
        (
            ["-T", "fields", "-e", "client.adress"],
            "rawcap: -e: no connection has 'client.adress'; did you mean client.address?\n",
        ),
        (["--top", "0"], "rawcap: Invalid value for '--top': 0 is less than 1 (see rawcap flows --help)\n"),
        (["-d", "udp.port"], "rawcap: --decode-as: 'udp.port' is not understood; write it like udp.port==9000,dns\n"),
    ],
)
def test_what_cannot_be_is_one_line(rawcap: Run, arguments: list[str], line: str) -> None:
    done = rawcap("flows", THREE, *arguments)
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", line)


def test_a_wrong_filter(rawcap: Run) -> None:
    done = rawcap("flows", THREE, "-Y", "tcp.nothing == 1")
    assert done.exit_code == 2
    assert done.stderr.startswith("rawcap: filter: ")


NARROW = """\
TCP, 2 connections
#  client               opened       packets  octets →
   server               closed                octets ←
0  192.0.2.1:49152      unreachable        1         0
   198.51.100.1:7       –                            0
   communication administratively filtered
1  [2001:db8::1]:49152  unreachable        1         0
   [2001:db8:100::1]:7  –                            0
   administratively prohibited

2 connections: 2 unreachable; 0 octets
4 columns left out: start, duration, RTT, mean RTT; a wider
terminal or -T json shows them
"""

HUNDRED = """\
TCP, 3 connections
#  client           server       opened     closed            packets  octets →  octets ←      RTT
0  192.0.2.1:49152  192.0.2.2:7  handshake  orderly (client)       12        12         6   150 µs
1  192.0.2.1:49153  192.0.2.2:7  handshake  orderly (server)       11        12         6  88.5 µs
2  192.0.2.1:49154  192.0.2.2:7  handshake  reset (client)          6         6         0  80.2 µs

3 connections: 3 handshake; 2 orderly, 1 reset; 42 octets
3 columns left out: start, duration, mean RTT; a wider terminal or -T json shows them
"""


class TestOnATerminal:
    @pytest.fixture(params=[60])
    def width(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
        """The columns of a terminal that standard output seems to be."""
        wide: int = request.param
        monkeypatch.setattr(cli, "width", lambda: wide)
        return wide

    @pytest.mark.parametrize("width", [60, 80, 100], indirect=True)
    @pytest.mark.parametrize("udp", [(), ("--udp",)], ids=["tcp", "udp"])
    def test_no_line_is_wider(self, rawcap: Run, width: int, udp: tuple[str, ...]) -> None:
        for path in sorted(PCAPS.glob("*.pcapng")):
            assert max(map(columns, rawcap("flows", path, *udp).stdout.splitlines())) <= width, path

    def test_a_narrow_one_has_two_lines_a_connection(self, rawcap: Run, width: int) -> None:
        assert rawcap("flows", PCAPS / "prohibited.pcapng").stdout == NARROW

    @pytest.mark.parametrize("width", [80], indirect=True)
    def test_where_two_lines_have_room_for_all_nothing_is_left_out(self, rawcap: Run, width: int) -> None:
        done = rawcap("flows", PCAPS / "prohibited.pcapng")
        assert "mean RTT" in done.stdout
        assert "left out" not in done.stdout

    @pytest.mark.parametrize("width", [100], indirect=True)
    def test_what_is_left_out_is_named(self, rawcap: Run, width: int) -> None:
        assert rawcap("flows", THREE).stdout == HUNDRED
        assert "\x1b[2m3 columns left out: start" in rawcap("flows", THREE, "--color", "always").stdout

    @pytest.mark.parametrize("width", [160], indirect=True)
    def test_trouble_has_a_column_where_all_of_it_fits(self, rawcap: Run, width: int) -> None:
        assert rawcap("flows", PCAPS / "host_unreachable.pcapng").stdout == UNREACHABLE

    def test_of_an_address_that_is_too_long_the_port_stays(self, rawcap: Run, width: int) -> None:
        told = rawcap("flows", PCAPS / "udp_port_unreachable.pcapng", "--udp").stdout
        assert "1  [2001:db8::…:49152  port unreachable " in told


def test_syns_that_cross_tell_no_round_trip(rawcap: Run) -> None:
    path = PCAPS / "simultaneous_open.pcapng"
    heading, row = rawcap("flows", path).stdout.splitlines()[1:3]
    assert row[heading.index("RTT") + 2] == "–"
    assert json.loads(rawcap("flows", path, "-T", "json").stdout)["handshake"]["rtt_ns"] is None
