"""`rawcap capture`: packets as they come, shown and written to files."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, cast

import click

from rawcap.cli.load import load_option
from rawcap.cli.terminal import Mistake, Number, drop_output, has_reader, refused, say, set_up_output, width
from rawcap.cli.views import Showing, view_options
from rawcap.files import CaptureError, compression, create_capture
from rawcap.files.errors import reason
from rawcap.files.rotation import Limits, Rotation, limits
from rawcap.live import LiveCapture, LiveError, NotPermitted
from rawcap.live.capture import PROTOCOLS, RING_OCTETS, SNAPLEN, SocketKind, Source, capture
from rawcap.live.device import ANY
from rawcap.live.namespaces import entered, join_owner
from rawcap.live.packet_socket import PacketSocket, Timestamp
from rawcap.live.privileges import give_up
from rawcap.live.program import Direction
from rawcap.live.recorder import Recorder, Writer, ending, section
from rawcap.show.live_line import LiveLine

if TYPE_CHECKING:
    from dissectors.packet import Packet
    from rawcap.stack.ownership import Ownership

_NOT_PERMITTED = 3
_NOBODY_READS = 141
_MIB = 1 << 20
_COMPRESSED_FLUSH_SECONDS = 1.0


@click.command("capture", context_settings={"max_content_width": 100})
@click.option("-i", "--interface", "interfaces", metavar="NAME", multiple=True, help="Where; without it, everywhere.")
@click.option(
    "-f", "--capture-filter", metavar="FILTER", help="What the kernel lets pass, in pcap-filter(7)'s language."
)
@click.option(
    "-Y", "--display-filter", metavar="FILTER", help="Of that, what is shown and written; Wireshark's language."
)
@click.option(
    "-w",
    "--write",
    "output",
    metavar="FILE",
    help="Write a file, pcapng or pcap by the name, which may end in .gz, .zst, .lz4 or .xz too; - for stdout.",
)
@click.option("--force", is_flag=True, help="Let -w overwrite a file.")
@view_options
@click.option("-c", "--count", metavar="N", type=Number(1), help="End after N packets that pass.")
@click.option(
    "-s", "--snaplen", metavar="N", type=Number(0), default=SNAPLEN, help="Keep N octets of a packet; 0 is all."
)
@click.option("-p", "--no-promiscuous", is_flag=True, help="Leave the card as it is: only what is for this host comes.")
@click.option(
    "-a",
    "--autostop",
    "until",
    metavar="KIND:N",
    multiple=True,
    help="End after duration:S seconds, packets:N, filesize:KB (of 1000 octets), files:N.",
)
@click.option(
    "-b",
    "--rotate",
    "each",
    metavar="KIND:N",
    multiple=True,
    help="Begin a new file after duration:S, packets:N, filesize:KB; keep the newest files:N. The files of trace.pcap "
    "are trace_00001_20261124093000.pcap, with the local time, and so on.",
)
@click.option(
    "--buffer", metavar="MiB", type=Number(1), default=RING_OCTETS // _MIB, help="Ring of each interface.  [64]"
)
@click.option("-D", "--direction", type=click.Choice(["in", "out", "inout"]), default="inout", help="[default: inout]")
@click.option(
    "--socket",
    "kind",
    type=click.Choice(["packet", "cooked", "ip"]),
    default="packet",
    help="Take packets from a packet socket, with the link layer as it is or as a Linux cooked header, or from raw IP "
    "sockets, which see less.  [default: packet]",
)
@click.option(
    "--protocol",
    "protocols",
    metavar="NAME|N",
    multiple=True,
    help=f"What --socket ip takes.  [default: {', '.join(PROTOCOLS)}]",
)
@click.option("--netns", metavar="NAME|PID|PATH", help="The network namespace that the interfaces are in.")
@click.option(
    "--timestamp", type=click.Choice(["host", "adapter"]), default="host", help="Whose clock.  [default: host]"
)
@click.option("--fanout", metavar="GROUP", type=Number(0), help="Share the flows with other captures of this number.")
@click.option(
    "-Z", "--relinquish", "user", metavar="USER", help="Who to become; root stays root.  [default: who ran sudo]"
)
@click.option(
    "-d", "--decode-as", metavar="TABLE==N,PROTOCOL", multiple=True, help="As in: udp.port==9000,dns (see protocols)."
)
@click.option("--reassemble", is_flag=True, help="Put fragments, and messages that span segments, together.")
@click.option(
    "--process",
    metavar="[NAME|PID]",
    is_flag=False,
    flag_value="",
    help="Tell the process that owns each packet's socket, and show only those of one. Keeps root's rights, unless "
    "-Z says otherwise.",
)
@click.option("--stats", "counting", is_flag=True, help="Show the busiest conversations instead of packets.")
@load_option
def command(
    interfaces: tuple[str, ...],
    capture_filter: str | None,
    display_filter: str | None,
    output: str | None,
    force: bool,
    showing: Showing,
    count: int | None,
    snaplen: int,
    no_promiscuous: bool,
    until: tuple[str, ...],
    each: tuple[str, ...],
    buffer: int,
    direction: str,
    kind: str,
    protocols: tuple[str, ...],
    netns: str | None,
    timestamp: str,
    fanout: int | None,
    user: str | None,
    decode_as: tuple[str, ...],
    reassemble: bool,
    process: str | None,
    counting: bool,
) -> int:
    """Capture packets live, until Ctrl-C: a line each, or every field, or into a file.

    Ends in the same way however it ends: all that was captured is written, then the counts are told.
    """
    if counting and (output is not None or showing.view is not None or showing.columns or reassemble):
        raise click.UsageError("--stats counts and shows no packet: leave out -w, -T, -e and --reassemble")
    if counting and process is not None:
        raise click.UsageError("--stats knows no processes: leave out --process")
    showing = showing.of(output)
    stop, rotate = _limits(until, "-a"), _limits(each, "-b")
    if (each or stop.octets is not None or stop.files is not None) and output is None:
        raise click.UsageError("limits of files need a file: -w FILE")
    if stop.files is not None and not each:
        raise click.UsageError("-a files:N goes with -b, which begins new files")
    if protocols and kind != "ip":
        raise click.UsageError("--protocol goes with --socket ip")
    if output == "-" and sys.stdout.isatty():
        raise click.UsageError("-w - writes a capture file to the terminal: send it to a pipe or a file")
    most = min((n for n in (count, stop.packets) if n is not None), default=None)
    stop = Limits(stop.duration_s, most, stop.octets, stop.files)

    problems = _Problems()
    with contextlib.ExitStack() as stack:
        try:
            join_owner(netns)
            owners = stack.enter_context(_ownership(netns)) if process is not None else None
            live = stack.enter_context(
                capture(
                    interfaces or ANY,
                    filter=capture_filter,
                    display_filter=_of_process(process, display_filter),
                    socket=cast("SocketKind", kind),
                    protocols=protocols or PROTOCOLS,
                    netns=netns,
                    snaplen=snaplen or SNAPLEN,
                    ring_octets=buffer * _MIB,
                    promiscuous=not no_promiscuous,
                    direction=cast("Direction", direction),
                    timestamp=cast("Timestamp", timestamp),
                    fanout=fanout,
                    count=most,
                    duration=stop.duration_s,
                    needs=showing.needs,
                    decode_as=decode_as,
                    reassemble=reassemble,
                    problem=problems,
                    note=owners.note if owners is not None else None,
                )
            )
            # What is loaded later may be out of reach for a plain user, when rawcap is installed for root alone.
            became: str | None = None
            run: Callable[[], int]
            if counting:
                run = _Counting(live, display_filter, decode_as, most, showing, problems).run
            else:
                session = _Session(live, showing, problems, owners)
                run = functools.partial(session.run, lambda: _writer(output, rotate, live, force, became), output, stop)
            packing = _compression(output)
            if packing is not None:
                compression.compressor(packing)
            as_root = os.geteuid() == 0
            # Whose a socket is can only be seen with the rights that opening the capture took.
            name = give_up(user if user is not None or owners is None else "root", os.environ)
            became = name if as_root and os.geteuid() != 0 else None
        except ValueError as error:
            return refused(error)
        except NotPermitted as error:
            say(str(error))
            return _NOT_PERMITTED
        except LiveError as error:
            say(str(error))
            return 1
        with _ended_by_signals(live):
            return run()


class _Problems:
    """Says what goes wrong meanwhile, and remembers it for the exit status."""

    def __init__(self) -> None:
        self.status = 0
        self.line: LiveLine | None = None

    def __call__(self, error: Exception) -> None:
        self.status = 1
        if self.line is not None:
            self.line.clear()
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        say(str(error))


class _Session:
    """A capture from its first line to its last."""

    def __init__(
        self, live: LiveCapture, showing: Showing, problems: _Problems, owners: Ownership | None = None
    ) -> None:
        set_up_output(live=False)  # what was written goes out when there is nothing more to write, not line by line
        self._live = live
        self._problems = problems
        # Of all interfaces together a raw IP socket does not tell which one.
        several = len({source.whole.name for source in live.sources}) > 1 or any(
            isinstance(source, PacketSocket) and source.name == ANY for source in live.sources
        )
        self._owners = owners
        self._view = showing.open(
            sys.stdout.write,
            live.graph,
            at_once=True,
            interfaces=several,
            ending=_owner if owners is not None else None,
        )
        self._recorder: Recorder | None = None

    def run(self, open_writer: Callable[[], Writer | None], output: str | None, stop: Limits) -> int:
        """Capture until it ends; gives the exit status."""
        problems = self._problems
        begun = False
        try:
            with contextlib.ExitStack() as stack:
                writer = open_writer()
                if writer is not None:
                    stack.enter_context(writer)
                    self._record(writer, output, stop)
                _announce(self._live)
                for line in self._owners.missing if self._owners is not None else ():
                    say(line)
                begun = True
                try:
                    self._take()
                finally:
                    if self._recorder is not None:
                        self._recorder.finish()
        except CaptureError as error:
            if output == "-":
                drop_output()
            problems(error)
        except BrokenPipeError:  # of the file that goes to standard output
            drop_output()
            problems.status = _NOBODY_READS
        if problems.line is not None:
            problems.line.clear()
        if begun:
            _tell_counts(self._live)
        if self._owners is not None and self._owners.lost:
            say(f"{self._owners.lost:,} events of the kernel's were lost, and owners of short-lived sockets with them")
        return problems.status

    def _record(self, writer: Writer, output: str | None, stop: Limits) -> None:
        progress: Callable[[], object] | None = None
        if output == "-":
            progress = _demand_reader
        elif self._view is None and sys.stderr.isatty():
            self._problems.line = LiveLine(sys.stderr)
            progress = functools.partial(self._progress, writer)
        self._recorder = Recorder(
            self._live,
            writer,
            stop,
            flush_seconds=_COMPRESSED_FLUSH_SECONDS if _compression(output) is not None else 0,
            progress=progress,
        )

    def _take(self) -> None:
        """Write and show what comes."""
        live, recorder = self._live, self._recorder
        only = live.sources[0]
        looked_at = self._view is not None or not live.pipeline.is_empty
        if recorder is not None and not looked_at and len(live.sources) == 1 and isinstance(only, PacketSocket):
            recorder.run(only)
            return
        live.idle = self._idle
        for packet in live:
            if recorder is not None:
                if not recorder.write(packet):
                    break
            elif self._view is None:
                break
            if self._view is not None:
                with self._read_by_somebody():
                    self._view.show(packet)
            if recorder is not None and recorder.is_full:
                break
        with self._read_by_somebody():
            if self._view is not None:
                self._view.flush()
            sys.stdout.flush()

    def _idle(self) -> None:
        with self._read_by_somebody():
            sys.stdout.flush()
            if self._view is not None:
                _demand_reader()
        if self._recorder is not None:
            self._recorder.pause()

    @contextlib.contextmanager
    def _read_by_somebody(self) -> Iterator[None]:
        """When nothing can be shown any more, end the capture; a file still gets what came before."""
        try:
            yield
        except OSError as error:
            drop_output()
            self._view = None
            self._live.stop()
            if isinstance(error, BrokenPipeError):
                self._problems.status = _NOBODY_READS
            else:
                self._problems(LiveError(f"standard output cannot be written: {reason(error)}"))

    def _progress(self, writer: Writer) -> None:
        line = self._problems.line
        if line is not None and line.due:
            line.show(self._live.captured, writer.size, self._live.stats.dropped)


class _Counting:
    """A capture that shows what was counted, and no packet."""

    def __init__(
        self,
        live: LiveCapture,
        display_filter: str | None,
        decode_as: Sequence[str],
        most: int | None,
        showing: Showing,
        problems: _Problems,
    ) -> None:
        from rawcap.columns.scan import Scan  # who only looks at packets does without numpy
        from rawcap.live.counter import Counter
        from rawcap.show import colours
        from rawcap.show.live_table import LiveTable
        from rawcap.stats.batch import LAYERS
        from rawcap.stats.statistics import Statistics

        self._live = live
        self._problems = problems
        self._counted = Statistics(["conversations"])
        paint = colours.Paint(colours.wanted(showing.color, sys.stdout, os.environ))
        self._table = LiveTable(sys.stdout, paint, LAYERS)
        scan = Scan([], self._counted.fields, filter=display_filter, decode_as=decode_as)
        progress = functools.partial(self._table.tick, self._counted) if sys.stdout.isatty() else None
        self._counter = Counter(live, scan, self._counted, most=most, progress=progress)

    def run(self) -> int:
        """Count until the capture ends, and show what was counted; gives the exit status."""
        _announce(self._live)
        self._counter.run()
        self._table.clear()
        for line in self._table.lines(self._counted, width()):
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        _tell_counts(self._live)
        return self._problems.status


def _limits(texts: Sequence[str], option: str) -> Limits:
    try:
        return limits(texts, option)
    except ValueError as error:
        raise Mistake(str(error)) from None


@contextlib.contextmanager
def _ownership(netns: str | None) -> Iterator[Ownership]:
    """What tells the owners of packets, in the network namespace that is captured in."""
    from rawcap.stack.ownership import Ownership  # who does not ask for processes does without

    with contextlib.ExitStack() as stack:
        with entered(netns):
            owners = stack.enter_context(Ownership())
        yield owners


def _owner(packet: Packet) -> str:
    """What a line of text ends with."""
    told: str = (packet.notes or {}).get("frame.process", "")
    return told


def _of_process(process: str | None, display_filter: str | None) -> str | None:
    """The display filter with that of `--process`, which is a number or a name."""
    if not process:
        return display_filter
    quoted = process.replace("\\", "\\\\").replace('"', '\\"')
    wanted = f"frame.process.pid == {process}" if process.isdecimal() else f'frame.process.name == "{quoted}"'
    return f"{wanted} && ({display_filter})" if display_filter else wanted


def _compression(output: str | None) -> str | None:
    """How a file of this name is compressed."""
    return compression.SUFFIXES.get(os.path.splitext(output)[1].lower()) if output is not None else None


def _demand_reader() -> None:
    """Raise BrokenPipeError when nobody reads standard output any more."""
    if not has_reader(sys.stdout):
        raise BrokenPipeError


def _writer(
    output: str | None, rotate: Limits, live: LiveCapture, force: bool, became: str | None
) -> Writer | None:
    """The file to write, or the first of several; its section is begun. `became` is whom root has become."""
    if output is None:
        return None
    try:
        return _begun(output, rotate, live, force)
    except CaptureError as error:
        if became is not None and isinstance(error.__context__, PermissionError):
            raise CaptureError(f"{error} to {became}; -Z root goes on as root") from None
        raise


def _begun(output: str, rotate: Limits, live: LiveCapture, force: bool) -> Writer:
    header = section()
    if rotate != Limits():
        try:
            return Rotation(output, rotate, section=header, ending=lambda: ending(live), overwrite=force)
        except ValueError as error:
            raise Mistake(f"-b: {error}") from None
    if os.path.exists(output) and not force and output != "-" and os.path.isfile(output):
        raise CaptureError(f"{output} exists already; --force overwrites it")
    writer = create_capture(output, overwrite=force or not os.path.isfile(output))
    writer.write(header)
    return writer


@contextlib.contextmanager
def _ended_by_signals(live: LiveCapture) -> Iterator[None]:
    """Have the first Ctrl-C, or request to terminate, end the capture as it should; the second ends the program."""
    handlers: dict[signal.Signals, Callable[[int, FrameType | None], object] | signal.Handlers] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }

    def end(number: int, frame: FrameType | None) -> None:
        live.stop()
        signal.signal(number, handlers[signal.Signals(number)])

    # What a script starts in the background ignores Ctrl-C, but is ended by it all the same; nohup is meant.
    chosen = [each for each in handlers if each != signal.SIGHUP or signal.getsignal(each) != signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in chosen}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _announce(live: LiveCapture) -> None:
    """Say where packets are taken from, and what cannot be seen there."""
    named: dict[str, list[str]] = {}
    for name in dict.fromkeys(source.whole.name for source in live.sources):
        for kind in _kinds([source for source in live.sources if source.whole.name == name]):
            named.setdefault(kind, []).append(name)
    for kind, names in named.items():
        say(f"capturing on {', '.join(names)}: {kind}")
    for source in live.sources:
        if isinstance(source, PacketSocket) and source.ring.octets < source.ring.asked:
            had, asked = source.ring.octets // _MIB, source.ring.asked // _MIB
            say(f"the kernel gives {source.name} a ring of {had} MiB, not {asked}")


def _kinds(sources: Sequence[Source]) -> list[str]:
    """What the sockets of an interface see."""
    packet_sockets = [source.kind for source in sources if isinstance(source, PacketSocket)]
    if packet_sockets:
        return packet_sockets
    from rawcap.live.ip_socket import IPSocket, kinds

    return kinds(source for source in sources if isinstance(source, IPSocket))


def _tell_counts(live: LiveCapture) -> None:
    counts = live.stats
    start = "\r" if sys.stderr.isatty() else ""  # a terminal shows ^C where the line is to begin
    with contextlib.suppress(OSError):
        print(
            f"{start}{counts.captured} captured, {counts.received} received by the filter, "
            f"{counts.dropped} dropped by the kernel",
            file=sys.stderr,
            flush=True,
        )
