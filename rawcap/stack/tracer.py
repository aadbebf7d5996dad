"""A program, and what its sockets do: the system calls and the kernel's events, from whatever this user may use.

    with Tracer(["./server", "9000"]) as tracer:
        for event in tracer:
            print(event.text)
    print(tracer.exit_status, tracer.missing)

Which source tells of what
==========================

- A command's calls that change a socket (socket, bind, connect, accept, close and so on), and those that send a
  datagram to an address or ask for the one that it came from, are told by ptracing.py: the command is held meanwhile,
  and what its pointers lead to is certain. This costs some tens of microseconds a call.
- Its calls that move data (read, write, send and so on), of which there may be very many, are told by tracepoints where
  these may be used, for a fraction of a microsecond each; only where not, by ptracing.py as well, whose cost is then
  that of two stops for each call.
- The calls of processes that ran before are told by tracepoints alone, so that nobody is held. These give the pointer
  to an address and not the address. Where a socket is learnt otherwise (the kernel's own events, the sockets that a
  process has when it is first seen), its addresses are told.
- What the kernel does with sockets and frames is told by tracepoints. Not the process that it happens in is what
  counts, as an interrupt happens in any, but whose socket it is (kernel.py).

A program may move more data than can be told. Beyond `most` events a second those that move data are switched off, in
the kernel, for as long as it takes to keep to that on average, and a "lost" event says so; what changes a socket is
told throughout. The cost for the program falls with it.
"""

from __future__ import annotations

import collections
import contextlib
import heapq
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from rawcap.live.errors import LiveError, NotPermitted
from rawcap.live.namespaces import entered
from rawcap.stack.calls import CONTROL, DATA, FOLLOWED, Calls, Observation
from rawcap.stack.event import Event
from rawcap.stack.kernel import (
    CHANGES,
    MOVEMENTS,
    Kernel,
    enable_calls,
    enable_changes,
    enable_lives,
    enable_movements,
)
from rawcap.stack.ptracing import EVERYTHING, Ptracing
from rawcap.stack.tracefs import Instance, Lost, Record, Tracefs

MOST = 6_000
"""Kernel events and calls that are told in a second, on average, before what moves data is sampled."""

_ROUND = 0.025  # seconds between two readings
_SLACK_NS = 20_000_000  # by which an observation may be told after it was made
_AFTERMATH = 0.1  # seconds in which the kernel ends what a program has left
_WAITING = 200_000  # events that nobody has taken yet
_AT_ONCE = 2_000  # records of what moves data that are read of a processor at once


class Tracer:
    """Traces a `command`, or a process that runs (`pid`), or everything on the machine when neither is given.

    The command is started when the `with` block is entered, its input and output are those of this process, and it
    ends with this process at the latest. `netns` is the network namespace that it is started in, as for
    `rawcap.capture`, `stdin` and `stdout` are descriptors that it gets as its standard input and output. The block's
    end kills it if it has not ended. Without `kernel` nothing of tracefs is used. `most` is how many events a second
    are told before what moves data is sampled.

    Iterating gives events, in the order of time, until the command and all that it started, or the process, has
    ended, or `stop` was called. `take` gives what is there at once. Raises NotPermitted or LiveError on entering when
    nothing at all can be told, or there is no such process, in one line.
    """

    def __init__(
        self,
        command: Sequence[str] | None = None,
        *,
        pid: int | None = None,
        netns: str | None = None,
        kernel: bool = True,
        most: int = MOST,
        stdin: int | None = None,
        stdout: int | None = None,
    ) -> None:
        if command is not None and (not command or pid is not None):
            raise ValueError("a tracer takes a command that is not empty, or the number of a process")
        self.command = list(command) if command is not None else None
        self.pid = pid or 0
        """The process: the command's, when it was started."""
        self.missing: list[str] = []
        """What cannot be told, and why: a line each."""
        self.sources: list[str] = []
        """What is told: a few words each."""
        self.told_ns = 0
        """A time, in nanoseconds since the epoch, up to which everything has been told."""
        self.dropped = 0
        """Events that nobody took in time."""
        self.lost = 0
        """Kernel events for which the kernel's buffers had no room."""
        self.sampled_ns = 0
        """Nanoseconds in which what moves data was switched off."""
        self._room = most / 2
        self._looked_ns = time.monotonic_ns()
        self._paused_ns = 0
        self._netns = netns
        self._kernel_wanted = kernel
        self._stdin = stdin
        self._stdout = stdout
        self._most = most
        self._tracefs: Tracefs | None = None
        self._steady: list[Instance] = []
        self._hot: list[Instance] = []
        self._ptracing: Ptracing | None = None
        self._observed: list[Observation] = []
        self._observing = threading.Lock()
        self._events: collections.deque[Event] = collections.deque()
        self._something = threading.Condition()
        self._ended = False
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._failure: BaseException | None = None
        self._kernel = Kernel(Calls(), self._symbols, everything=self.command is None and not self.pid)

    # -- from outside -----------------------------------------------------------------------------------------

    @property
    def exit_status(self) -> int | None:
        """That of the command, as a shell has it; None while it runs, and where there is none."""
        return self._ptracing.exit_status if self._ptracing is not None else None

    @property
    def problem(self) -> str:
        """Why the command could not be run, in one line; empty when it could."""
        return self._ptracing.problem if self._ptracing is not None else ""

    def stop(self) -> None:
        """End the tracing, not the command: what happened before is still given. From any thread or signal handler."""
        self._stopping.set()

    def signal(self, number: int) -> None:
        """Send the command a signal; nothing where it has ended, or there is none."""
        if self._ptracing is not None and self.exit_status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._ptracing.pid, number)

    def take(self) -> list[Event]:
        """The events that are there and were not given yet."""
        with self._something:
            events = list(self._events)
            self._events.clear()
        return events

    @property
    def is_over(self) -> bool:
        """Whether no more events will come; some may still be there to be taken."""
        return self._ended

    def wait(self, longest: float) -> None:
        """Wait until there is something to take, or no more will come; at most so many seconds."""
        with self._something:
            if not self._events and not self._ended:
                self._something.wait(longest)

    def __iter__(self) -> Iterator[Event]:
        while True:
            over = self._ended
            yield from self.take()
            if over:
                break
            self.wait(1.0)
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Self:
        try:
            self._enter()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything: the command, the threads, and the instances in the kernel."""
        self._stopping.set()
        if self._ptracing is not None and self.exit_status is None:
            self._ptracing.kill()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        for instance in (*self._steady, *self._hot):
            instance.close()
        self._steady.clear()
        self._hot.clear()
        if self._tracefs is not None:
            self._tracefs.close()
            self._tracefs = None

    # -- beginning --------------------------------------------------------------------------------------------

    def _enter(self) -> None:
        if self.pid and not os.path.exists(f"/proc/{self.pid}"):
            raise LiveError(f"there is no process {self.pid} to trace")
        if self._kernel_wanted:
            try:
                self._tracefs = Tracefs()
                self._tracefs.sweep()
            except LiveError as error:
                self.missing.append(str(error))
        if self.command is None:
            self._attach()
            return
        names = EVERYTHING
        if self._tracefs is not None:
            names = CONTROL | FOLLOWED | {"sendto:", "recvfrom:"}
        self._ptracing = Ptracing(self.command, self._observe, names, stdin=self._stdin, stdout=self._stdout)
        self._start_command(self._ptracing)

    def _start_command(self, ptracing: Ptracing) -> None:
        with entered(self._netns):
            self.pid = ptracing.start()
        seized, go = threading.Event(), threading.Event()

        def follow() -> None:
            ptracing.seize()
            seized.set()
            go.wait()
            ptracing.run()

        self._threads.append(threading.Thread(target=follow, name="rawcap-ptrace", daemon=True))
        self._threads[0].start()
        try:
            seized.wait()
            if ptracing.refused:
                self.missing.append(ptracing.refused)
            else:
                self.sources.append("system calls")
            if self._tracefs is not None:
                data = sorted(DATA if not ptracing.refused else CONTROL | DATA | FOLLOWED)
                self._kernel_events()
                calls = self._instance(self._hot)
                enable_calls(calls, data, without_addresses=not ptracing.refused)
                calls.only([ptracing.pid])
                self._switch_on()
        finally:
            go.set()
        self._read_on()

    def _attach(self) -> None:
        if self._tracefs is None:
            what = f"process {self.pid}, which runs already," if self.pid else "all processes"
            reason = self.missing.pop() if self.missing else "kernel events were not asked for"
            raise NotPermitted(f"{what} cannot be traced: {reason}")
        self._kernel_events()
        steady, hot = self._instance(self._steady), self._instance(self._hot)
        enable_lives(steady)
        enable_calls(steady, sorted(CONTROL | FOLLOWED))
        enable_calls(hot, sorted(DATA))
        if self.pid:
            tids = [int(name) for name in os.listdir(f"/proc/{self.pid}/task")]
            for each in (steady, hot):
                each.only(tids)
            self._kernel.follow(self.pid)
        else:
            for each in (steady, hot):
                each.write("options/event-fork", "1")
                each.write("set_event_notrace_pid", str(os.getpid()))
        self.sources.append("system calls")
        self.missing.append(
            "addresses that a call is given: of a process that ran before, the kernel tells only where they stand"
        )
        self._switch_on()
        self._read_on()

    def _kernel_events(self) -> None:
        lacking = enable_changes(self._instance(self._steady)) + enable_movements(self._instance(self._hot))
        if len(lacking) < len(CHANGES) + len(MOVEMENTS):
            self.sources.append("kernel events")
        self.missing += [f"kernel event {each}: this kernel does not have it" for each in lacking]

    def _instance(self, group: list[Instance]) -> Instance:
        assert self._tracefs is not None
        group.append(Instance(self._tracefs))
        return group[-1]

    def _switch_on(self) -> None:
        for each in (*self._steady, *self._hot):
            each.start()

    def _symbols(self, event: str, field: str) -> Mapping[int, str]:
        for each in self._steady:
            if event in each.formats:
                return each.formats[event].symbols.get(field, {})
        return {}

    # -- meanwhile --------------------------------------------------------------------------------------------

    def _observe(self, seen: Observation) -> None:
        with self._observing:
            self._observed.append(seen)

    def _read_on(self) -> None:
        self._threads.append(threading.Thread(target=self._run, name="rawcap-trace", daemon=True))
        self._threads[-1].start()

    def _run(self) -> None:
        try:
            self._read()
        except BaseException as error:
            self._failure = error
        finally:
            with self._something:
                self._ended = True
                self._something.notify_all()

    def _read(self) -> None:
        held: list[Record | Lost | Observation] = []
        while True:
            last = self._is_done()
            if last and self._tracefs is not None:
                time.sleep(_AFTERMATH)
            horizon, fresh = self._horizon()
            held = list(heapq.merge(held, sorted([*fresh, *self._records()], key=_time_of), key=_time_of))
            self._pass_on(held, None if last else horizon)
            self.told_ns = horizon
            if last:
                if self._paused_ns:
                    self.sampled_ns += time.monotonic_ns() - self._paused_ns
                return
            self._stopping.wait(_ROUND)

    def _is_done(self) -> bool:
        if self._stopping.is_set():
            return True
        if self._ptracing is not None:
            return not self._threads[0].is_alive()
        return bool(self.pid) and not os.path.exists(f"/proc/{self.pid}")

    def _horizon(self) -> tuple[int, list[Observation]]:
        """A time before which everything has been told, once the records are read too; and what was observed."""
        with self._observing:
            now = time.time_ns()
            fresh, self._observed = self._observed, []
            busy = self._ptracing.busy_since if self._ptracing is not None else 0
        if self._tracefs is None and not busy:
            return now, fresh
        return min(now - (_SLACK_NS if self._tracefs is not None else 0), busy or now), fresh

    def _records(self) -> list[Record | Lost]:
        """What the kernel tells; of what moves data as much as there is room for."""
        found = [record for each in self._steady for record in each.read()]
        found += self._movements()
        self.lost += sum(each.records for each in found if isinstance(each, Lost))
        return found

    def _movements(self) -> list[Record | Lost]:
        """What moves data; where it is too much, that is switched off for as long as it was."""
        now = time.monotonic_ns()
        self._room = min(self._room + (now - self._looked_ns) * self._most / 1e9, self._most / 2)
        self._looked_ns = now
        if self._paused_ns:
            if self._room <= self._most / 4:
                return []
            self.sampled_ns += now - self._paused_ns
            self._paused_ns = 0
            for each in self._hot:
                each.go_on()
        found = [record for each in self._hot for record in each.read(_AT_ONCE)]
        self._room -= len(found)
        if self._room < 0:
            for each in self._hot:
                each.pause()
            self._paused_ns = now
            found.append(Lost(time.time_ns(), -1, 0))
        return found

    def _pass_on(self, held: list[Record | Lost | Observation], horizon: int | None) -> None:
        """Make events of what is older than `horizon`, and leave the rest."""
        count = 0
        for each in held:
            if horizon is not None and each.time_ns >= horizon:
                break
            count += 1
            if isinstance(each, (Record, Lost)):
                self._kernel.take(each)
            else:
                self._kernel.observe(each)
        del held[:count]
        self._give(self._kernel.flush())

    def _give(self, events: list[Event]) -> None:
        if not events:
            return
        with self._something:
            room = max(_WAITING - len(self._events), 0)
            self._events.extend(events[:room])
            self.dropped += len(events) - min(room, len(events))
            self._something.notify_all()


def _time_of(each: Any) -> int:
    return int(each.time_ns)
