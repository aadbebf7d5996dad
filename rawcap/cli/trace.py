"""`rawcap trace`: what a program's sockets do, its calls, the kernel's events and the frames on one timeline.

The exit status is that of the command that was run, as of a shell: 127 and 126 when it could not be, 128 and more when
a signal ended it. Of a process that ran before it is 0.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import shlex
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

import click

from dissectors.packet import Packet
from rawcap.cli.terminal import Mistake, counted, drop_output, knows_signs, page_width, refused, say, set_up_output
from rawcap.files import CaptureError, create_capture
from rawcap.files.rotation import Limits
from rawcap.live.capture import LiveCapture, capture
from rawcap.live.device import ANY
from rawcap.live.errors import LiveError, NotPermitted
from rawcap.live.namespaces import join_owner
from rawcap.live.packet_socket import PacketSocket
from rawcap.live.recorder import Recorder as FrameRecorder
from rawcap.live.recorder import section
from rawcap.show import colours
from rawcap.show.ladder import ASCII, UNICODE
from rawcap.show.path import lines as path_lines
from rawcap.show.timeline import Drawing
from rawcap.stack.event import Endpoint, Event, as_object
from rawcap.stack.path import paths as find_paths
from rawcap.stack.recording import Recorder, announced
from rawcap.stack.recording import write as write_recording
from rawcap.stack.timeline import Merger, Timeline, ends_of
from rawcap.stack.tracer import Tracer

_NOT_PERMITTED = 3
_NOBODY_READS = 141
_SHOWN = 5_000
"""Events of a second that are shown; of more, those that move data are left out."""
_ROUND = 0.05  # seconds
_KEPT = 100_000
"""Events, and frames, that are kept for what is made of all of them: paths, and comments in the file."""
_HISTORY = 64  # events of a socket that no frame has shown to be wanted yet
_SOCKETS = 4096

_MANUAL = """\b
As root everything is told. Without it, the system calls of COMMAND and what its sockets are; the kernel's events need
root, frames CAP_NET_RAW (see rawcap doctor). What is missing is said first, and why.

\b
What COMMAND prints stands between the lines; with -T json it goes to standard error. Ctrl-C is for COMMAND: the trace
ends with it. A second one ends both at once.

\b
Exit status: that of COMMAND; 127 when there is no such command, 126 when it cannot be run; 0 with --pid."""


@click.command("trace", context_settings={"max_content_width": 100, "ignore_unknown_options": False}, epilog=_MANUAL)
@click.argument("command_line", metavar="[--] [COMMAND...]", nargs=-1, type=click.UNPROCESSED)
@click.option("--pid", metavar="N", type=click.IntRange(1), help="Trace a process that runs already; needs root.")
@click.option("-i", "--interface", "interfaces", metavar="NAME", multiple=True, help="Frames of it; else of all.")
@click.option("-f", "--capture-filter", metavar="FILTER", help="Which frames, in pcap-filter(7)'s language.")
@click.option(
    "-w", "--write", "output", metavar="FILE", help="Write all frames, and the events, to a pcapng file."
)
@click.option("--force", is_flag=True, help="Let -w overwrite a file.")
@click.option("--netns", metavar="NAME|PID|PATH", help="The network namespace of COMMAND, and of the frames.")
@click.option("--path", "paths", is_flag=True, help="At the end, draw the path of each write through both stacks.")
@click.option("-T", "--view", type=click.Choice(["text", "json"]), default="text", help="[default: text]")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours; auto is on a terminal."
)
def command(
    command_line: tuple[str, ...],
    pid: int | None,
    interfaces: tuple[str, ...],
    capture_filter: str | None,
    output: str | None,
    force: bool,
    netns: str | None,
    paths: bool,
    view: str,
    color: str,
) -> int:
    """Show what the sockets of COMMAND do: its calls, what the kernel makes of them, and the frames on the wire.

    Without a COMMAND, of a process (--pid), or of all whose frames -i and -f choose. Both ends of a connection are
    shown when they are on this machine.
    """
    if command_line and pid is not None:
        raise click.UsageError("give a COMMAND or --pid, not both")
    if not command_line and pid is None and not (interfaces or capture_filter):
        raise click.UsageError("give a COMMAND, --pid, or the frames of whose sockets to trace with -i and -f")
    if output is not None:
        if not output.endswith(".pcapng"):
            raise Mistake(f"-w: {output} is to be a .pcapng file, as no other holds a timeline")
        if os.path.exists(output) and not force:
            raise Mistake(f"{output} exists already; --force overwrites it")
    if paths and view == "json":
        raise click.UsageError("--path draws, and -T json does not: give one of them")
    set_up_output(live=True)
    session = _Session(view, color, output, paths=paths, only_framed=not command_line and pid is None)
    try:
        with contextlib.ExitStack() as stack:
            join_owner(netns)
            frames = _frames(session, interfaces, capture_filter, netns, output)
            if frames is not None:
                stack.enter_context(frames)
            stdout = 2 if view == "json" and command_line else None  # which need not be what Python prints to
            tracer = Tracer(list(command_line) or None, pid=pid, netns=netns, stdout=stdout)
            stack.enter_context(tracer)
            session.announce(tracer, frames)
            stack.enter_context(_ended_by_signals(tracer))
            return session.run(tracer, frames)
    except ValueError as error:
        return refused(error)
    except NotPermitted as error:
        say(str(error))
        return _NOT_PERMITTED
    except (LiveError, CaptureError) as error:
        say(str(error))
        return 1


def _frames(
    session: _Session,
    interfaces: tuple[str, ...],
    capture_filter: str | None,
    netns: str | None,
    output: str | None,
) -> _Frames | None:
    """The capture; None where this user may not, which the session then says."""
    try:
        live = capture(interfaces or ANY, filter=capture_filter, netns=netns)
    except NotPermitted as error:
        session.missing.append(f"frames: {error}")
        return None
    try:
        return _Frames(live, output)
    except BaseException:
        live.close()
        raise


class _Frames:
    """The frames, which a thread of its own captures: all go into the file, what there is time for is shown.

    Where there is no file, frames that come too fast are not even looked at, so that the program which makes them keeps
    its processor.
    """

    def __init__(self, live: LiveCapture, output: str | None) -> None:
        self.live = live
        self.skipped = 0
        """Frames that came too fast for the timeline."""
        self.failure: Exception | None = None
        self._waiting: collections.deque[Packet] = collections.deque()
        self._frames: FrameRecorder | None = None
        self._events: Recorder | None = None
        self._writing = threading.Lock()
        self._close = contextlib.ExitStack()
        self._room, self._looked = float(_SHOWN), time.monotonic()
        if output is not None:
            writer = self._close.enter_context(create_capture(output, overwrite=True))
            writer.write(announced(section()))
            self._frames = FrameRecorder(live, writer, Limits())
            self._events = Recorder(writer.write)
        self._thread = threading.Thread(target=self._run, name="rawcap-frames", daemon=True)

    def __enter__(self) -> _Frames:
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.finish()
        self.live.close()

    def take(self) -> list[Packet]:
        """The frames that have come since the last time."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def record(self, events: list[Event]) -> None:
        """Write events to the file, if there is one."""
        if self._events is not None and self.failure is None:
            with self._writing:
                for event in events:
                    self._events.add(event)

    def finish(self) -> None:
        """End the capture; what came before may still be taken, and events recorded until `close`."""
        self.live.stop()
        self._thread.join()

    def complete(self) -> None:
        """Complete the file, when the last event was recorded."""
        try:
            with self._close:
                if self._frames is not None and self._events is not None and self.failure is None:
                    self._events.flush()
                    self._frames.finish()
        except CaptureError as error:
            self.failure = error

    def _run(self) -> None:
        try:
            if self._frames is not None:
                self._record(self._frames)
            else:
                self._look()
        except (LiveError, CaptureError) as error:
            self.failure = error

    def _record(self, recorder: FrameRecorder) -> None:
        """Write every frame, and hand on those that the timeline has room for."""

        def pause() -> None:
            with self._writing:
                recorder.pause()

        self.live.idle = pause
        for packet in self.live:
            with self._writing:
                recorder.write(packet)
            if self._has_room(1):
                self._waiting.append(packet)
            else:
                self.skipped += 1

    def _look(self) -> None:
        """Hand on the frames that the timeline has room for."""
        live = self.live
        while not live.is_over():
            idle = True
            for source in live.sources:
                if not isinstance(source, PacketSocket):
                    continue
                if not self._has_room(0):
                    for frames in source.blocks():
                        self.skipped += frames.left
                        live.captured += frames.left
                    continue
                packets = source.packets()
                for number, packet in enumerate(packets, live.captured + 1):
                    packet.number = number
                self._waiting.extend(packets)
                self._has_room(len(packets))
                live.captured += len(packets)
                idle = idle and not packets
            if idle:
                live.wait()

    def _has_room(self, count: int) -> bool:
        """Whether so many frames can be shown, which are then counted."""
        now = time.monotonic()
        self._room = min(self._room + (now - self._looked) * _SHOWN, _SHOWN)
        self._looked = now
        if self._room <= 0:
            return False
        self._room -= count
        return True


class _Session:
    """A trace from its first line to its last."""

    def __init__(self, view: str, color: str, output: str | None, *, paths: bool, only_framed: bool) -> None:
        self.missing: list[str] = []
        self._merger = Merger(most=_SHOWN)
        self._output = output
        self._paths = paths
        self._events: list[Event] = []
        self._packets: list[Packet] = []
        self._chosen = _Chosen() if only_framed else None
        self._drawing: Drawing | None = None
        self._count = 0
        self._paint = colours.Paint(colours.wanted(color, sys.stdout, os.environ))
        self._strokes = UNICODE if knows_signs() else ASCII
        self._is_quiet = paths
        if view == "text":
            self._drawing = Drawing(page_width(), self._paint, self._strokes)

    def announce(self, tracer: Tracer, frames: _Frames | None) -> None:
        """Say what is traced, and what cannot be told."""
        whom = f"process {tracer.pid}" if tracer.pid else "all sockets"
        if tracer.command:
            whom = shlex.join(tracer.command)
        told = [*tracer.sources]
        if frames is not None:
            told.append(f"frames on {', '.join(source.whole.name for source in frames.live.sources)}")
        say(f"tracing {whom}: {', '.join(told) or 'nothing can be told'}")
        for line in (*tracer.missing, *self.missing):
            say(f"not told: {line}")

    def run(self, tracer: Tracer, frames: _Frames | None) -> int:
        """Show events until the command, or the process, has ended; gives the exit status."""
        try:
            while not tracer.is_over:
                tracer.wait(_ROUND)
                time.sleep(_ROUND / 5)  # more at a time is less work
                self._take(tracer, frames)
                self._show(self._merger.due(time.time_ns()))
            if frames is not None:
                frames.finish()
            self._take(tracer, frames)
            self._show(self._merger.rest())
            if self._drawing is not None and not self._is_quiet:
                self._write(self._drawing.rest())
            if self._paths:
                self._draw_paths()
        except BrokenPipeError:
            drop_output()
            return _NOBODY_READS
        finally:
            if frames is not None:
                frames.finish()
                frames.complete()
        if self._output is not None:
            self._complete_file(self._output, frames)
        if tracer.problem:
            say(tracer.problem)
        self._tell_counts(tracer, frames)
        return tracer.exit_status or 0

    def _draw_paths(self) -> None:
        timeline = Timeline(self._events, self._packets)
        found = 0
        for path in find_paths(timeline):
            self._write(iter([""] if found else []))
            self._write(path_lines(path, page_width(), self._paint, self._strokes))
            found += 1
        if not found:
            say("no write was seen to become a frame: a path needs system calls and frames")

    def _complete_file(self, output: str, frames: _Frames | None) -> None:
        """Have the packets of the file say what sent them; without frames, have a file of events."""
        if frames is not None and (frames.failure is not None or len(self._events) >= _KEPT):
            return
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(output) or ".", suffix=".pcapng", delete=False) as copy:
            pass
        try:
            write_recording(copy.name, output if frames is not None else None, self._events)
            with contextlib.suppress(OSError):
                os.chmod(copy.name, 0o666 & ~_umask())
            os.replace(copy.name, output)
        except BaseException:
            os.unlink(copy.name)
            raise

    def _take(self, tracer: Tracer, frames: _Frames | None) -> None:
        packets = frames.take() if frames is not None else []
        events = tracer.take()
        if self._chosen is not None:
            events = self._chosen.take(events, packets)
        if frames is not None:
            frames.record(events)
        if self._output is not None or self._paths:
            self._events += events[: _KEPT - len(self._events)]
        if self._paths:
            self._packets += packets[: _KEPT - len(self._packets)]
        for event in events:
            self._merger.add(event)
        for packet in packets:
            self._merger.add_packet(packet)

    def _show(self, events: list[Event]) -> None:
        self._count += len(events)
        for event in events:
            packet = self._merger.packets.pop(event.packet, None)
            if self._is_quiet:
                continue
            if self._drawing is not None:
                self._write(self._drawing.add(event, packet))
            else:
                self._write(iter((json.dumps(as_object(event), ensure_ascii=False),)))

    @staticmethod
    def _write(lines: Iterator[str]) -> None:
        for line in lines:
            sys.stdout.write(f"{line}\n")

    def _tell_counts(self, tracer: Tracer, frames: _Frames | None) -> None:
        words = [counted(self._count, "event")]
        if frames is not None:
            counts = frames.live.stats
            words.append(f"{counted(counts.captured, 'frame')} captured, {counts.dropped:,} dropped by the kernel")
            if frames.skipped:
                words.append(f"{counted(frames.skipped, 'frame')} came too fast to be shown")
            if frames.failure is not None:
                say(str(frames.failure))
        if self._merger.left_out:
            words.append(f"{counted(self._merger.left_out, 'event')} came too fast to be shown")
        if tracer.lost:
            words.append(f"{counted(tracer.lost, 'kernel event')} lost")
        if tracer.sampled_ns:
            words.append(f"what moves data was not told for {tracer.sampled_ns / 1e9:.1f} s")
        if tracer.dropped:
            words.append(f"{counted(tracer.dropped, 'event')} dropped")
        if not tracer.problem:
            say("; ".join(words))


class _Chosen:
    """Of the events of all sockets, those of the sockets that frames were captured of, and what these did before."""

    def __init__(self) -> None:
        self._ends: set[tuple[str, Endpoint]] = set()
        self._ports: set[tuple[str, int]] = set()
        self._history: collections.OrderedDict[object, collections.deque[Event]] = collections.OrderedDict()

    def take(self, events: list[Event], packets: list[Packet]) -> list[Event]:
        """The events that are wanted, in the order of time."""
        before = len(self._ends)
        for packet in packets:
            for protocol, *ends in filter(None, (ends_of(packet),)):
                self._ends.update((protocol, end) for end in ends)
                self._ports.update((protocol, end.port) for end in ends)
        wanted: list[Event] = []
        if len(self._ends) != before:
            for key in [key for key, kept in self._history.items() if any(map(self._is_wanted, kept))]:
                wanted += self._history.pop(key)
        for event in events:
            if event.socket is None:
                continue
            key = event.socket.inode or (event.pid, event.fd)
            if self._is_wanted(event):
                wanted += [*self._history.pop(key, ()), event]
                continue
            kept = self._history.setdefault(key, collections.deque(maxlen=_HISTORY))
            kept.append(event)
            if len(self._history) > _SOCKETS:
                self._history.popitem(last=False)
        return sorted(wanted, key=lambda each: each.time_ns)

    def _is_wanted(self, event: Event) -> bool:
        socket = event.socket
        if socket is None or socket.local is None:
            return False
        if (socket.protocol, socket.local) in self._ends:
            return socket.remote is None or (socket.protocol, socket.remote) in self._ends
        return socket.remote is None and (socket.protocol, socket.local.port) in self._ports


@contextlib.contextmanager
def _ended_by_signals(tracer: Tracer) -> Iterator[None]:
    """Have the first Ctrl-C, or request to terminate, reach the command; the second ends the trace and the command."""
    heard: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        if tracer.command is None or len(heard) > 1:
            tracer.signal(signal.SIGKILL)
            tracer.stop()
        elif number != signal.SIGINT or not _is_from_terminal():
            tracer.signal(number)

    handler: Callable[[int, FrameType | None], None] = end
    chosen = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handler) for number in chosen}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _is_from_terminal() -> bool:
    """Whether Ctrl-C goes from the terminal to the command as well, which is in the same group of processes."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _umask() -> int:
    """The bits that new files do not get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
