#!/usr/bin/env python3
"""Live capture beside tcpdump: what is lost, and what it costs, while tcpreplay sends over a veth pair.

    sudo .venv/bin/python scripts/bench/capture.py [write|text|soak] [CAPTURE] [options]

    write   into a file as fast as tcpreplay can send, rawcap and tcpdump taking turns (--packets, --rounds, --senders)
    text    one line a packet, into /dev/null and into a pipe, at steady rates (--rate, --seconds)
    soak    into a file at a steady rate, for long enough to see whether memory grows (--rate, --seconds)

Two network namespaces are joined by a veth pair that carries nothing but the replay; they end with the bench, and
no other interface of the machine is touched. Needs root, tcpreplay and tcpdump. Without a CAPTURE the frames of pcaps/
are sent, padded to the usual mix of small and full ones. The files, of which there is one at a time, are removed.

`arrived` is what the receiving interface counted, `kept` what was then read back from the file (for text: the lines in
the pipe, of which tcpdump gives some packets two, or for /dev/null what the program says), `dropped` what the program
says it lost. `to end` is the seconds from Ctrl-C to the end: a program with a large buffer may lose nothing and still
fall behind, which a longer run would turn into loss. Processor seconds are user and system time of the capturing
process, its start included; the kernel's work on a packet's way to the socket is mostly charged to the sender. On a
machine with less than two idle processors the bench measures the other load instead.
"""
from __future__ import annotations

import argparse
import contextlib
import dataclasses
import itertools
import math
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import rawcap
from rawcap.files import create_capture
from scripts.bench.measure import BenchError, busy, last_line, number
from scripts.captures.hosts import CLIENT, CLIENT6, CLIENT_MAC, SERVER, SERVER6, SERVER_MAC, Host

PCAPS = Path(__file__).parents[2] / "pcaps"
SIZES = (60, 60, 60, 128, 264, 576, 1464)  # octets: acknowledgements, small messages, nearly full segments
FRAMES = 100_000  # of the capture that is made
PATIENCE = 30.0  # seconds that a program may take to begin
LONGEST = 120.0  # seconds that one replay at top speed may take, or what a program has yet to do after Ctrl-C
QUIET = 0.25  # seconds without a packet after which the wire counts as silent
MOMENT = 1.0  # seconds that the capturing program is then left to catch up
BEHIND = 1.0  # seconds from Ctrl-C to the end beyond which a program has not kept up

SNIFFER = """
import signal, sys, threading
from scapy.sendrecv import AsyncSniffer
from scapy.utils import PcapWriter
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
out = PcapWriter(sys.argv[2], linktype=1) if len(sys.argv) > 2 else None
count = 0
def take(packet):
    global count
    count += 1
    out.write(packet) if out else print(packet.summary())
begun = lambda: print("listening on", sys.argv[1], file=sys.stderr, flush=True)
sniffer = AsyncSniffer(iface=sys.argv[1], prn=take, store=False, started_callback=begun)
sniffer.start()
signal.sigwait([signal.SIGINT])
sniffer.stop()
if out:
    out.close()
print(count, "captured", file=sys.stderr)
"""
COMMANDS = {
    "rawcap": [str(Path(sys.executable).with_name("rawcap")), "capture", "-i", "eth0"],
    "tcpdump": ["tcpdump", "-n", "-i", "eth0"],
    "scapy": [sys.executable, "-c", SNIFFER, "eth0"],
}
INTO_FILE = {"rawcap": ["-w"], "tcpdump": ["-w"], "scapy": []}  # what comes before the file's name
SUFFIXES = {"rawcap": ".pcapng", "tcpdump": ".pcap", "scapy": ".pcap"}


class Wire:
    """A veth pair, called `eth0` in both of its namespaces, on which nobody speaks unasked."""

    def __init__(self) -> None:
        self.sender = Host(CLIENT_MAC, CLIENT, CLIENT6)
        self.receiver = Host(SERVER_MAC, SERVER, SERVER6)
        there = f"/proc/{os.getpid()}/fd/{self.receiver.namespace}"
        self.sender.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", there)
        for host in (self.sender, self.receiver):
            host.sysctl("ipv6/conf/eth0/disable_ipv6", 1)
            host.ip("link", "set", "eth0", "up")

    def arrived(self) -> int:
        """Packets that the receiving interface has counted."""
        with self.receiver.inside():
            counters = Path("/proc/thread-self/net/dev").read_text()
        return int(counters.partition("eth0:")[2].split()[1])

    def silent(self) -> int:
        """The same, once it stands still."""
        before, now = -1, self.arrived()
        while now != before:
            time.sleep(QUIET)
            before, now = now, self.arrived()
        return now

    def close(self) -> None:
        self.sender.close()
        self.receiver.close()


@dataclasses.dataclass
class Replay:
    """What tcpreplay is to send."""

    path: Path
    size: int  # packets in the file
    packets: int  # to send, all senders together
    rate: int | None = None  # packets a second; None is top speed
    senders: int = 1

    def command(self) -> list[str]:
        """The command of one sender; the file is read before the first packet is sent, and sent again and again."""
        packets = self.packets // self.senders
        speed = ["--topspeed"] if self.rate is None else [f"--pps={self.rate // self.senders}"]
        return [
            "tcpreplay", "--quiet", "--intf1=eth0", "--preload-pcap", "--no-flow-stats", *speed,
            f"--loop={math.ceil(packets / self.size)}", f"--limit={packets}", str(self.path),
        ]  # fmt: skip

    def send(self, wire: Wire) -> tuple[int, float]:
        """Send it all; packets sent and the seconds that it took."""
        longest = LONGEST if self.rate is None else 10 + 1.5 * self.packets / self.rate
        with contextlib.ExitStack() as stack:
            senders = []
            for _ in range(self.senders):
                with wire.sender.inside():
                    process = subprocess.Popen(
                        self.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
                    )
                stack.callback(end, process)
                senders.append(process)
            deadline = time.monotonic() + longest
            sent, seconds = 0, 0.0
            for process in senders:
                try:
                    output, _ = process.communicate(timeout=max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    raise BenchError(f"tcpreplay was still sending after {longest:.0f} seconds; send less") from None
                found = re.search(r"Actual: (\d+) packets .* sent in ([\d.]+) seconds", output)
                if process.returncode or not found:
                    raise BenchError(f"tcpreplay failed: {last_line(output)}")
                sent, seconds = sent + int(found[1]), max(seconds, float(found[2]))
        return sent, seconds


@dataclasses.dataclass
class Memory:
    """Resident memory of a process at one moment, octets."""

    resident: int  # without the ring
    ring: int  # the ring that it shares with the kernel
    highest: int  # the most so far, with the ring


@dataclasses.dataclass
class Turn:
    """What one program did with one replay."""

    sent: int
    seconds: float
    arrived: int
    kept: int
    dropped: int | None  # None: the program does not say
    processor: float  # seconds
    ending: float  # seconds from Ctrl-C to the end
    memory: list[Memory]

    @property
    def rate(self) -> float:
        """Packets a second that arrived."""
        return self.arrived / self.seconds

    @property
    def lost(self) -> int:
        return self.arrived - self.kept


def end(process: subprocess.Popen[Any]) -> None:
    """See that a process is gone."""
    if process.returncode is None:
        process.kill()
        process.wait()


def memory(pid: int) -> Memory:
    """What /proc says; the ring is the mapping of a socket, all of it resident from the start."""
    status = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE))
    mappings = Path(f"/proc/{pid}/smaps").read_text()
    ring = sum(map(int, re.findall(r" socket:\[\d+\]\n(?:(?!Rss:).*\n)*Rss:\s+(\d+) kB", mappings)))
    return Memory((int(status["VmRSS"]) - ring) * 1024, ring * 1024, int(status["VmHWM"]) * 1024)


class Watch:
    """Samples the memory of a process once a second, until it is stopped."""

    def __init__(self, pid: int) -> None:
        self.samples: list[Memory] = []
        self._pid, self._over = pid, threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _sample(self) -> None:
        while not self._over.wait(1.0):
            with contextlib.suppress(OSError):  # a process that has ended is reported where it is waited for
                self.samples.append(memory(self._pid))

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


class Lines:
    """Counts the lines that come out of a pipe."""

    def __init__(self, stream: int) -> None:
        self.count = 0
        self._stream = stream
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while chunk := os.read(self._stream, 1 << 16):
            self.count += chunk.count(b"\n")
        os.close(self._stream)

    def total(self) -> int:
        """All lines, when the other end has closed."""
        self._thread.join()
        return self.count


class Capturer:
    """A capturing program at work in the receiving namespace."""

    def __init__(self, wire: Wire, program: str, arguments: list[str], output: int, messages: Path) -> None:
        self.program, self._messages = program, messages
        with wire.receiver.inside(), messages.open("wb") as errors:
            self.process = subprocess.Popen(
                [*COMMANDS[program], *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=errors
            )

    def said(self) -> str:
        return self._messages.read_text(errors="replace")

    def ended(self) -> resource.struct_rusage | None:
        """What it used, when it is over; None while it runs."""
        pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
        if not pid:
            return None
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return usage

    def wait_until_ready(self) -> None:
        """Until it has said that it captures."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(r"\b(capturing|listening) on\b", self.said()):
            if self.ended():
                raise BenchError(f"{self.program} did not begin: {last_line(self.said())}")
            if time.monotonic() > deadline:
                raise BenchError(f"{self.program} had not begun after {PATIENCE:.0f} seconds")
            time.sleep(0.02)

    def finish(self) -> tuple[float, float]:
        """Interrupt it as Ctrl-C would; processor seconds of its life, and seconds until it had ended."""
        if self.ended():
            raise BenchError(f"{self.program} ended before it was told to: {last_line(self.said())}")
        self.process.send_signal(signal.SIGINT)
        told = time.monotonic()
        while not (usage := self.ended()):
            if time.monotonic() > told + LONGEST:
                raise BenchError(f"{self.program} had not ended {LONGEST:.0f} seconds after Ctrl-C")
            time.sleep(0.02)
        ending = time.monotonic() - told
        if self.process.returncode:
            raise BenchError(f"{self.program} ended with status {self.process.returncode}: {last_line(self.said())}")
        return usage.ru_utime + usage.ru_stime, ending

    def reported(self, what: str) -> int | None:
        """The number that it gave on its last lines for "captured" or "dropped by the kernel"."""
        found = re.search(rf"([\d,]*\d) (?:packets )?{what}", self.said())
        return int(found[1].replace(",", "")) if found else None


def kept_in(path: Path) -> int:
    with rawcap.open_capture(path) as capture:
        return sum(1 for _ in capture)


def take_turn(wire: Wire, program: str, into: str, replay: Replay, folder: Path) -> Turn:
    """One replay, captured by one program into "file", "pipe" or "/dev/null"."""
    path = folder / f"{program}{SUFFIXES[program]}"
    arguments = [*INTO_FILE[program], str(path)] if into == "file" else []
    os.sync()  # what the turn before wrote is not to be written at the cost of this one
    with contextlib.ExitStack() as stack:
        lines = None
        if into == "pipe":
            reading, output = os.pipe()
            lines = Lines(reading)
        else:
            output = os.open(os.devnull, os.O_WRONLY)
        try:
            capturer = Capturer(wire, program, arguments, output, folder / "messages")
        finally:
            os.close(output)
        stack.callback(end, capturer.process)
        capturer.wait_until_ready()
        before = wire.silent()
        watch = Watch(capturer.process.pid)
        stack.callback(watch.stop)
        sent, seconds = replay.send(wire)
        watch.stop()
        arrived = wire.silent() - before
        time.sleep(MOMENT)
        processor, ending = capturer.finish()
        captured = capturer.reported("captured")
        if captured is None:
            raise BenchError(f"{program} did not say what it captured: {last_line(capturer.said())}")
        if into == "file":
            kept = kept_in(path)
            path.unlink()
        else:
            kept = captured if lines is None else lines.total()
        dropped = capturer.reported("dropped by (?:the )?kernel")
    if not arrived:
        raise BenchError("nothing arrived: tcpreplay could not send what the capture holds")
    return Turn(sent, seconds, arrived, kept, dropped, processor, ending, watch.samples)


def usual_mix(folder: Path) -> Path:
    """A capture of Ethernet frames: those of pcaps/, again and again, padded to the sizes of usual traffic in turn."""
    path = folder / "replay.pcap"
    frames = [
        packet
        for source in sorted(PCAPS.glob("*.pcap*"))
        for packet in rawcap.read(source)
        if packet.interface.linktype == 1 and (packet.tcp or packet.udp) and not packet.truncated
        if len(packet.data) <= SIZES[-1]
    ]
    with create_capture(path) as out:
        for packet, size in itertools.islice(zip(itertools.cycle(frames), itertools.cycle(SIZES)), FRAMES):
            out.write(rawcap.Packet(packet.data.ljust(size, b"\0"), packet.interface, packet.time_ns))
    return path


HEADINGS = (
    f"{'sent':>11}{'a second':>10}{'arrived':>11}{'kept':>11}{'lost':>10}{'dropped':>10}"
    f"{'CPU s':>8}{'CPU':>6}{'to end':>8}"
)


def row(turn: Turn) -> str:
    """The columns of HEADINGS; CPU is processor seconds for each second in which packets were sent."""
    dropped = "?" if turn.dropped is None else f"{turn.dropped:,}"
    return (
        f"{turn.sent:>11,}{turn.rate:>10,.0f}{turn.arrived:>11,}{turn.kept:>11,}{turn.lost:>10,}{dropped:>10}"
        f"{turn.processor:>8.2f}{turn.processor / turn.seconds:>6.0%}{turn.ending:>8.2f}"
    )


Take = Callable[[str, str, int | None], Turn]  # program, where to, packets a second


def write(take: Take, programs: list[str], rates: list[int | None], rounds: int) -> None:
    """Rounds of turns, and what is left of them: medians of the ratios to the last program, within a round."""
    for rate in rates:
        print("at top speed" if rate is None else f"at {rate:,} packets a second")
        print(f"{'':14}{HEADINGS}", flush=True)
        turns: list[list[Turn]] = [[] for _ in programs]
        for turned in range(rounds):
            # The order turns round, so that going second is nobody's fate.
            for index in sorted(range(len(programs)), reverse=bool(turned % 2)):
                turn = take(programs[index], "file", rate)
                turns[index].append(turn)
                print(f"{programs[index]:10}{turned + 1:>4}{row(turn)}", flush=True)
        print(f"\n{'':14}{'lost':>11}{'at worst':>11}{'CPU µs a packet':>18}{'CPU beside ' + programs[-1]:>23}")
        for program, own in zip(programs, turns, strict=True):
            lost = sum(turn.lost for turn in own) / sum(turn.arrived for turn in own)
            worst = max(turn.lost / turn.arrived for turn in own)
            cost = statistics.median(turn.processor / max(1, turn.kept) * 1e6 for turn in own)
            ratios = [mine.processor / theirs.processor for mine, theirs in zip(own, turns[-1], strict=True)]
            spread = f"{statistics.median(ratios):.2f}x ({min(ratios):.2f}-{max(ratios):.2f})"
            print(f"{program:14}{lost:>11.3%}{worst:>11.3%}{cost:>18.2f}{spread:>23}")
        print()


def text(take: Take, programs: list[str], rates: list[int | None]) -> None:
    """Every rate into every sink, a row each."""
    print(f"{'':24}{HEADINGS}", flush=True)
    lost = behind = 0
    for rate, into, program in itertools.product(rates, ("/dev/null", "pipe"), programs):
        turn = take(program, into, rate)
        lost += max(0, turn.lost)
        behind += turn.ending > BEHIND
        print(f"{program:10}{into:14}{row(turn)}", flush=True)
    print(f"{lost:,} packets were lost; {behind} turns ended more than {BEHIND:.0f} s after Ctrl-C and did not keep up")


def soak(take: Take, programs: list[str], rates: list[int | None]) -> None:
    """One long turn each; memory after the first second, at the end, and at most."""
    for rate, program in itertools.product(rates, programs):
        turn = take(program, "file", rate)
        print(f"{'':14}{HEADINGS}")
        print(f"{program:14}{row(turn)}")
        if not turn.memory:
            raise BenchError("the soak was over before memory could be sampled; give it more --seconds")
        first, last = turn.memory[0], turn.memory[-1]
        print(
            f"{'':14}resident {first.resident / 1e6:.1f} MB after the first second, {last.resident / 1e6:.1f} MB at "
            f"the end: {(last.resident - first.resident) / 1e6:+.1f} MB ({len(turn.memory)} samples); beside it a ring "
            f"of {last.ring / 1e6:.1f} MB; at most {last.highest / 1e6:.1f} MB with it\n",
            flush=True,
        )


@contextlib.contextmanager
def workplace(parent: Path | None) -> Iterator[Path]:
    """A temporary folder. rawcap, when started through sudo, writes as the invoking user: so that user owns it."""
    with tempfile.TemporaryDirectory(prefix="capture-bench-", dir=parent) as folder:
        if "SUDO_UID" in os.environ and "SUDO_GID" in os.environ:
            os.chown(folder, int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"]))
        yield Path(folder)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", nargs="?", choices=("write", "text", "soak"), default="write")
    parser.add_argument("capture", nargs="?", type=Path, help="what to send; Ethernet, read by tcpreplay")
    parser.add_argument("--packets", type=number, default=4_000_000, help="of one turn of write (default 4,000,000)")
    parser.add_argument("--rounds", type=number, default=3, help="of write (default 3)")
    parser.add_argument("--senders", type=number, default=1, help="instances of tcpreplay at once (default 1)")
    parser.add_argument(
        "--rate", type=number, action="append", metavar="N",
        help="packets a second, may be repeated (default: write top speed, text 20000, 25000 and 30000, soak 50000)",
    )  # fmt: skip
    parser.add_argument("--seconds", type=number, help="of one turn of text (default 30) or soak (default 60)")
    parser.add_argument(
        "--program", choices=COMMANDS, action="append",
        help="may be repeated; the last is what the others are compared with (default: rawcap, for write tcpdump too)",
    )  # fmt: skip
    parser.add_argument("--folder", type=Path, help="where to write the files (default: a temporary folder)")
    return parser.parse_args()


def run(asked: argparse.Namespace) -> None:
    defaults: dict[str, list[int | None]] = {"write": [None], "text": [20_000, 25_000, 30_000], "soak": [50_000]}
    rates = asked.rate or defaults[asked.mode]
    programs = asked.program or (["rawcap", "tcpdump"] if asked.mode == "write" else ["rawcap"])
    seconds = asked.seconds or (30 if asked.mode == "text" else 60)
    for tool in ("tcpreplay", *(COMMANDS[program][0] for program in programs)):
        if not shutil.which(tool):
            raise BenchError(f"needs {tool}, which is not installed (Debian: apt install {Path(tool).name})")
    with workplace(asked.folder) as folder, contextlib.closing(Wire()) as wire:
        path = asked.capture or usual_mix(folder)
        size = kept_in(path)
        octets = path.stat().st_size
        print(f"{size:,} frames of {octets / size - 16:.0f} octets to send")
        print(f"{os.cpu_count()} processors, {busy():.0%} busy with other work", flush=True)

        def take(program: str, into: str, rate: int | None) -> Turn:
            packets = asked.packets if rate is None or asked.mode == "write" else rate * seconds
            return take_turn(wire, program, into, Replay(path, size, packets, rate, asked.senders), folder)

        if asked.mode == "write":
            write(take, programs, rates, asked.rounds)
        elif asked.mode == "text":
            text(take, programs, rates)
        else:
            soak(take, programs, rates)


def main() -> None:
    asked = arguments()
    if os.geteuid() != 0:
        print("capture bench: needs root, to make network namespaces and to capture; use sudo", file=sys.stderr)
        raise SystemExit(3)
    # A shell starts background jobs with SIGINT ignored, which the programs to be interrupted would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run(asked)
    except (BenchError, rawcap.CaptureError) as error:
        print(f"capture bench: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
