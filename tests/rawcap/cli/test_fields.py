"""`rawcap fields`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from click.testing import Result

Run = Callable[..., Result]


def names(done: Result) -> list[str]:
    return [line.split()[0] for line in done.stdout.splitlines()]


def test_a_field_has_its_name_type_meaning_and_protocol(rawcap: Run) -> None:
    assert rawcap("fields", "udp.srcport").stdout == (
        "udp.srcport  uint16  source port  User Datagram Protocol\n"
    )


def test_all_fields_by_name(rawcap: Run) -> None:
    listed = names(rawcap("fields"))
    assert listed == sorted(listed)
    assert len(listed) == len(set(listed))
    assert {"frame.number", "eth.src", "ip.flags.df", "tcp.options.mss_val", "tcp.port", "data.data"} <= set(listed)


def test_a_pattern_is_a_part_of_the_name_or_meaning_in_any_case(rawcap: Run) -> None:
    assert names(rawcap("fields", "UDP.SRC")) == ["udp.srcport"]
    assert "ip.ttl" in names(rawcap("fields", "time to live"))


def test_a_pattern_with_a_star_is_the_whole_of_it(rawcap: Run) -> None:
    assert names(rawcap("fields", "udp.*port")) == ["udp.dstport", "udp.port", "udp.srcport"]


def test_json(rawcap: Run) -> None:
    (line,) = rawcap("fields", "udp.srcport", "--json").stdout.splitlines()
    assert json.loads(line) == {
        "name": "udp.srcport",
        "type": "uint16",
        "meaning": "source port",
        "protocol": "User Datagram Protocol",
    }


def test_no_such_field_is_one_line_and_status_1(rawcap: Run) -> None:
    done = rawcap("fields", "zzz")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "rawcap: no field has 'zzz' in its name or meaning\n"


def test_fields_that_a_user_declared(isolated: Callable[..., CompletedProcess[str]], thermometer: Path) -> None:
    assert isolated("fields", "--load", thermometer, "thermometer.").stdout == (
        "thermometer.celsius  uint16  temperature, degrees  Thermometer report\n"
        "thermometer.sensor   uint16  which sensor          Thermometer report\n"
    )
