"""`rawcap protocols`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from click.testing import Result

Run = Callable[..., Result]


def line_of(name: str, output: str) -> str:
    return next(line for line in output.splitlines() if line.split()[0] == name)


def test_a_protocol_has_its_title_reference_fields_and_what_leads_to_it(rawcap: Run) -> None:
    line = line_of("tcp", rawcap("protocols").stdout)
    assert "  Transmission Control Protocol  " in line
    assert "  RFC 9293, 3.1  " in line
    assert "ip.proto 6" in line


def test_of_what_leads_to_a_protocol_in_many_ways_the_first_are_listed(rawcap: Run) -> None:
    listed = rawcap("protocols").stdout
    assert re.search(r"; and \d+ more$", line_of("ip", listed))
    assert re.search(r"  tcp\.port 80, 631, .*, and \d+ more; content of tcp$", line_of("http", listed))


def test_of_a_protocol_that_is_named_everything_is_listed(rawcap: Run) -> None:
    (line,) = rawcap("protocols", "http").stdout.splitlines()
    assert ", 8080, " in line
    assert "more" not in line


def test_no_such_protocol_is_one_line_and_status_1(rawcap: Run) -> None:
    done = rawcap("protocols", "tpc")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("rawcap: no protocol 'tpc'; did you mean ")


def test_protocols_are_in_order_and_neither_options_nor_choices_are_among_them(rawcap: Run) -> None:
    names = [line.split()[0] for line in rawcap("protocols").stdout.splitlines()]
    assert names == sorted(names)
    assert {"eth", "ip", "ipv6", "tcp", "udp", "dns"} <= set(names)
    assert not {"tcp.options", "tcp.options.mss", "ip.version", "icmp.echo"} & set(names)


def test_a_protocol_that_a_user_declared(isolated: Callable[..., CompletedProcess[str]], thermometer: Path) -> None:
    line = line_of("thermometer", isolated("protocols", "--load", thermometer).stdout)
    assert line.split("  ")[0] == "thermometer"
    assert "  Thermometer report  " in line
    assert "  an invention, 1  " in line
    assert line.split()[-3:] == ["2", "udp.port", "40000"]
