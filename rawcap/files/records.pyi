"""What records.py offers, for type checkers: the file itself is written in Cython's types."""

from typing import Any

def find_records(
    data: Any,
    start: int,
    stop: int,
    big_endian: bool,
    header: int,
    longest: int,
    scale: int,
    count: int,
    starts: Any,
    captured: Any,
    lengths: Any,
    times: Any,
) -> tuple[int, int]: ...
def find_blocks(
    data: Any,
    start: int,
    stop: int,
    big_endian: bool,
    longest: int,
    described: int,
    first: int,
    snaplen: int,
    multipliers: Any,
    divisors: Any,
    offsets: Any,
    limits: Any,
    no_time: int,
    count: int,
    starts: Any,
    captured: Any,
    lengths: Any,
    times: Any,
    interfaces: Any,
    options: Any,
) -> tuple[int, int]: ...
