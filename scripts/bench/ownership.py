#!/usr/bin/env python3
"""How many packets are attributed to the right process, when processes live for a millisecond.

    sudo .venv/bin/python scripts/bench/ownership.py [--processes 600] [--at-once 8] [--no-events]

In a network namespace of its own, that ends with the bench, one process after the other (some at once) does one thing
over loopback and exits: it connects to a server and sends a line, connects and closes at once, is refused, sends a
datagram and waits for the answer or does not wait; over IPv4 and IPv6. Each tells its number and its port beforehand,
through a pipe, and that is the truth which every packet is compared with, at both of its ends. `right` is the part of
the ends that have an owner which were attributed to it, `wrong` to another, `none` to nobody. --no-events does without
the kernel's events, by socket diagnostics and /proc alone. Needs root.
"""
from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter

from dissectors.packet import Packet
from rawcap.live import linux
from rawcap.live.capture import capture
from rawcap.live.namespaces import CLONE_NEWNET
from rawcap.stack.ownership import Ownership

KINDS = ("send", "close", "refused", "answered", "unanswered")
ASKED = 0.999
PR_SET_PDEATHSIG = 1  # linux/prctl.h
FAMILIES = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
REFUSED = 1  # tcpmux, where nobody listens


def serve() -> None:
    """Answer on TCP and UDP ports of both families until the bench ends; tells the ports."""
    linux.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    ports = {}
    for family, address in FAMILIES.items():
        stream = socket.create_server((address, 0), family=family, backlog=512)
        datagrams = socket.socket(family, socket.SOCK_DGRAM)
        datagrams.bind((address, 0))
        threading.Thread(target=_accept, args=(stream,), daemon=True).start()
        threading.Thread(target=_answer, args=(datagrams,), daemon=True).start()
        ports[family.name] = stream.getsockname()[1], datagrams.getsockname()[1]
    print(json.dumps(ports), flush=True)
    signal.pause()


def _accept(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.recv(64)


def _answer(datagrams: socket.socket) -> None:
    while True:
        data, sender = datagrams.recvfrom(64)
        if data == b"answer me":
            datagrams.sendto(b"here", sender)


def load(processes: int, at_once: int, ports: dict[str, list[int]]) -> None:
    """Run the processes; a line each of what it is about to do: kind, number, protocol, port."""
    linux.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    running: set[int] = set()
    for number in range(processes):
        family = list(FAMILIES)[number // len(KINDS) % 2]
        pid = os.fork()
        if pid == 0:
            _live(KINDS[number % len(KINDS)], family, ports[family.name])
            os._exit(0)
        running.add(pid)
        while len(running) >= at_once:
            running.discard(os.wait()[0])
    while running:
        running.discard(os.wait()[0])


def _live(kind: str, family: socket.AddressFamily, ports: list[int]) -> None:
    """What one process does. A port that is chosen by the kernel is told as soon as there is one."""
    address = FAMILIES[family]
    stream = kind in ("send", "close", "refused")
    began_ns = time.time_ns()
    with socket.socket(family, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM) as own:
        own.settimeout(2)
        try:
            if stream:
                own.connect((address, REFUSED if kind == "refused" else ports[0]))
            else:
                own.sendto(b"answer me" if kind == "answered" else b"good bye", (address, ports[1]))
            if kind == "send":
                own.sendall(b"a line\n")
            elif kind == "answered":
                own.recvfrom(64)
        except OSError:
            pass
        port = own.getsockname()[1]
    protocol = "tcp" if stream else "udp"
    os.write(1, f"{kind} {os.getpid()} {protocol} {family.name} {port} {began_ns}\n".encode())


def main() -> int:
    """Run the bench; gives 0 when as much as is asked was right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--processes", type=int, default=600)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--no-events", action="store_true")
    parser.add_argument("--load", help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve()
        return 0
    if asked.load:
        load(asked.processes, asked.at_once, json.loads(asked.load))
        return 0
    if linux.libc.unshare(CLONE_NEWNET) < 0:
        sys.exit("this bench makes a network namespace: run it as root")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return measure(asked.processes, asked.at_once, events=not asked.no_events)


def measure(processes: int, at_once: int, *, events: bool) -> int:
    """Capture the load, and compare."""
    this = [sys.executable, __file__]
    packets: list[tuple[Packet, int | None, int | None]] = []
    with subprocess.Popen([*this, "--serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        ports = json.loads(server.stdout.readline())
        try:
            with Ownership(events=events) as ownership, capture("lo") as live:
                for line in ownership.missing:
                    print(line, file=sys.stderr)
                command = [*this, f"--processes={processes}", f"--at-once={at_once}", "--load", json.dumps(ports)]
                began = time.monotonic()
                output: list[str] = []

                def run() -> None:
                    output.append(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
                    time.sleep(0.3)
                    live.stop()

                thread = threading.Thread(target=run)
                thread.start()
                spent = time.thread_time()
                for packet in live:
                    sender, receiver = ownership.owners(packet)
                    packets.append((packet, sender.pid if sender else None, receiver.pid if receiver else None))
                spent = time.thread_time() - spent
                thread.join()
                seconds = time.monotonic() - began
                lost = ownership.lost
        finally:
            server.kill()
    return report(output[0], packets, server.pid, ports, seconds, spent, lost)


def report(
    output: str,
    packets: list[tuple[Packet, int | None, int | None]],
    server: int,
    ports: dict[str, list[int]],
    seconds: float,
    spent: float,
    lost: int,
) -> int:
    """Compare what was said of the packets with the truth; gives the exit status."""
    truth: dict[tuple[str, str, int], list[tuple[int, int]]] = {}
    kinds: dict[int, str] = {}
    for line in output.splitlines():
        kind, number, protocol, family, port, began_ns = line.split()
        truth.setdefault((protocol, family, int(port)), []).append((int(began_ns), int(number)))
        kinds[int(number)] = kind
    for family, (listening, datagrams) in ports.items():
        truth["tcp", family, listening] = truth["udp", family, datagrams] = [(0, server)]
    counted: Counter[tuple[str, str]] = Counter()
    for packet, sender, receiver in packets:
        layer = packet.tcp or packet.udp
        if layer is None or layer.quoted:
            continue
        family = "AF_INET" if packet.ip is not None else "AF_INET6"
        for port, pid in ((layer.srcport, sender), (layer.dstport, receiver)):
            users = truth.get((layer.name, family, port), [])
            true = max((each for each in users if each[0] <= (packet.time_ns or 0)), default=(0, None))[1]
            verdict = "right" if pid == true else "none" if pid is None else "wrong"
            counted[kinds.get(true or 0, "server" if true == server else "nobody"), verdict] += 1
    print(f"{len(kinds)} processes, {len(packets)} packets in {seconds:.2f} s, {lost} events lost")
    print(f"{spent / max(len(packets), 1) * 1e6:.0f} µs of processor time a packet, capture and attribution")
    for kind in (*KINDS, "server", "nobody"):
        row = {verdict: counted[kind, verdict] for verdict in ("right", "wrong", "none")}
        print(f"{kind:<11}" + "".join(f"  {row[verdict]:>6} {verdict}" for verdict in row))
    ends = {key: count for key, count in counted.items() if key[0] != "nobody"}
    total = max(sum(ends.values()), 1)
    rate = sum(count for (_, verdict), count in ends.items() if verdict == "right") / total
    print(f"attributed rightly: {rate:.4%} of {total} ends (asked: {ASKED:.1%})")
    return 0 if rate >= ASKED and not counted["nobody", "wrong"] else 1


if __name__ == "__main__":
    sys.exit(main())
