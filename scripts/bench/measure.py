"""What the benches share: a command run as a process of its own, timed and weighed, and the middle of several rounds.

Only the standard library is imported, because the kernel counts what the measuring process holds at its peak when it
starts a command into the peak of that command (execve(2) carries `ru_maxrss` of getrusage(2) on). A bench that
tells memory must stay small itself; `lowest` is what it cannot tell from less.
"""
from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

PCAPS = Path(__file__).parents[2] / "pcaps"
LONGEST = 1800.0  # seconds that one command may take


class BenchError(Exception):
    """The bench cannot go on; the text says why, in one line."""


@dataclass(frozen=True)
class Run:
    """What one command did with one capture."""

    packets: int
    seconds: float
    processor: float  # seconds, user and system
    peak: int  # octets of resident memory at most

    @property
    def rate(self) -> float:
        """Packets a second."""
        return self.packets / self.seconds


def number(text: str) -> int:
    """A count that is at least one, as an argument."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of at least 1")
    return int(text)


def last_line(text: str) -> str:
    """What a program said last."""
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "it said nothing"


def busy() -> float:
    """The share of the processors' time that other work took during one second."""

    def ticks() -> tuple[int, int]:
        each = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        return sum(each), each[3] + each[4]  # proc_stat(5): the fourth is idle, the fifth waits for a disk

    all_before, idle_before = ticks()
    time.sleep(1.0)
    all_after, idle_after = ticks()
    return 1 - (idle_after - idle_before) / (all_after - all_before)


def lowest() -> int:
    """The peak that this process itself has reached, octets: that of a command is never told to be less."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def whole(command: Sequence[str], packets: int) -> Run:
    """A command from start to exit, its output thrown away; it is said to read so many packets.

    Raises BenchError when it fails or takes longer than LONGEST.
    """
    with open(os.devnull, "wb") as output:
        return _run(command, output, packets)


def inside(command: Sequence[str]) -> Run:
    """A command that prints as JSON how many `packets` it read, and how many `seconds` and `processor` seconds that
    took without its start. Raises BenchError as `whole` does."""
    with tempfile.TemporaryFile() as output:
        run = _run(command, output, 0)
        output.seek(0)
        said = json.load(output)
    return Run(said["packets"], said["seconds"], said["processor"], run.peak)


def output_of(command: Sequence[str]) -> bytes:
    """What a command prints. Raises BenchError as `whole` does."""
    with tempfile.TemporaryFile() as output:
        _run(command, output, 0)
        output.seek(0)
        return output.read()


def _run(command: Sequence[str], output: BinaryIO, packets: int) -> Run:
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        timer = threading.Timer(LONGEST, process.kill)
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            late = not timer.is_alive()
            timer.cancel()
            if process.returncode is None:
                process.kill()
                process.wait()
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    if process.returncode:
        why = f"took more than {LONGEST:.0f} seconds" if late else f"failed: {last_line(said)}"
        raise BenchError(f"{' '.join(command[:3])} {why}")
    return Run(packets, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def elsewhere(function: Callable[..., object], *arguments: Any) -> None:
    """Call a function of a module in a process of its own, so that this one stays small. Raises BenchError when that
    fails, after the traceback."""
    process = multiprocessing.get_context("spawn").Process(target=function, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise BenchError(f"{function.__name__} failed")


def repeated(path: Path, count: int) -> None:
    """Write a capture of `count` packets: the Ethernet frames of pcaps/, again and again."""
    import rawcap
    from rawcap.files import create_capture

    frames = [
        packet
        for source in sorted(PCAPS.glob("*.pcap*"))
        for packet in rawcap.read(source)
        if packet.interface.linktype == 1 and (packet.tcp or packet.udp) and not packet.truncated
    ]
    with create_capture(path) as out:
        for packet in itertools.islice(itertools.cycle(frames), count):
            out.write(packet)


def times(values: Iterable[float]) -> str:
    """The median of ratios, with the least and the greatest: "12x (11-14)"."""
    each = sorted(values)
    return f"{_short(statistics.median(each))}x ({_short(each[0])}-{_short(each[-1])})"


def _short(value: float) -> str:
    """Two significant digits or, of what is between one and two, three; of what is ten or more, no decimals."""
    if value >= 9.95:
        return f"{value:,.0f}"
    return f"{value:.2f}" if 1 <= value < 2 else f"{value:.1f}" if value >= 2 else f"{value:.2g}"
