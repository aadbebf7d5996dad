"""`rawcap follow`: what the two sides of one conversation sent each other, put together."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Self

import click

from dissectors import layout
from dissectors.packet import Packet
from rawcap.cli.table import watch
from rawcap.cli.terminal import Mistake, Number, counted, is_pipe, say, set_up_output
from rawcap.files import CaptureError
from rawcap.reading import Reading
from rawcap.show import colours
from rawcap.show.follow import AsHex, AsItIs, AsText, Follower, side
from rawcap.tcp.conversation_streams import Part, Socket, Streams, TwoStreams, sockets
from rawcap.tcp.stream import ByteStream, Gap, Piece

_WHAT = {"tcp": "TCP connection", "udp": "UDP conversation"}
_NOTHING = {
    (False, False): "neither side sent any octets",
    (True, False): "the client sent no octets",
    (False, True): "the server sent no octets",
}
"""What is told where nothing is shown, by whether only the client's or only the server's octets were asked for."""


class _Command(click.Command):
    """A command that takes a number below 0 for the mistake that it is, not for an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        below = next((each for each in args if re.fullmatch(r"-\d+", each)), None)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if below is None or not below.startswith(error.option_name):
                raise
            raise click.UsageError(f"N is a number from 0, not {below}", ctx) from None


@click.command("follow", cls=_Command, context_settings={"max_content_width": 100})
@click.argument("file", metavar="FILE")
@click.argument("which", metavar="[tcp|udp] N", nargs=-1)
@click.option("--ascii", "as_text", is_flag=True, help="Show text.  [default]")
@click.option("--hex", "as_hex", is_flag=True, help="Show octets in hexadecimal beside their characters.")
@click.option("--raw", "as_it_is", is_flag=True, help="Write the octets as they are.")
@click.option("--client", "client_only", is_flag=True, help="Only what the client sent.")
@click.option("--server", "server_only", is_flag=True, help="Only what the server sent.")
@click.option("-o", "--output", metavar="OUT", help="Write to a file; - for stdout.")
@click.option("--force", is_flag=True, help="Let -o overwrite a file.")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours; auto is on a terminal.",
)
def command(
    file: str,
    which: tuple[str, ...],
    as_text: bool,
    as_hex: bool,
    as_it_is: bool,
    client_only: bool,
    server_only: bool,
    output: str | None,
    force: bool,
    color: str,
) -> int:
    """Show what the two sides of a TCP connection or a UDP conversation sent: that with the number N.

    N is its tcp.stream or udp.stream, from 0, as flows lists them; tcp may be left out. What the capture lacks is told
    where it is missing, and octets that came twice and differed are told at the end. FILE is pcap or pcapng,
    compressed or not; - is standard input.
    """
    if not file:
        raise click.UsageError("FILE has an empty name; - is standard input")
    forms = [name for name, asked in (("ascii", as_text), ("hex", as_hex), ("raw", as_it_is)) if asked] or ["ascii"]
    if len(forms) > 1:
        raise click.UsageError(f"{' and '.join(f'--{name}' for name in forms)} contradict each other: give one")
    form = forms[0]
    protocol, number = _asked(which)
    if client_only and server_only:
        raise click.UsageError("--client and --server together leave nothing out: give neither")
    to_file = output is not None and output != "-"
    if form == "raw" and not to_file and sys.stdout.isatty():
        raise click.UsageError("octets as they are do not belong on a terminal: write them to a file with -o")
    problems = _Problems()
    reading = Reading([file], reassemble=True, needs=[f"{protocol}.stream"], problem=problems)
    if reading.capture is None:
        return problems.status
    conversation = (_Connection if protocol == "tcp" else _Exchange)(number)
    wanted = {True: not server_only, False: not client_only}
    said = False
    path = None if output == "-" else output
    live = file == "-" and is_pipe(sys.stdin)
    set_up_output(live=live or sys.stdout.isatty())
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(reading)
            if path is not None:
                _check(file, path, force)
            watch(stack, [file], lambda: reading.progress[0], quiet=path is not None)
            paint = colours.Paint(_in_colour(color, path))
            follower: Follower | None = None
            for parts in conversation.parts(reading):
                if follower is None:
                    follower = _follower(form, path, stack, paint, messages=protocol == "udp")
                    follower.open(conversation.title)
                said |= _show(follower, parts, wanted)
                if live and parts:
                    sys.stdout.flush()
            if follower is not None:
                if not said:
                    follower.remark(_NOTHING[client_only, server_only])
                for text in conversation.remarks(wanted):
                    follower.remark(text)
                follower.close()
    except CaptureError as error:  # of the file written: those of the file read were told to `problems`
        problems(error)
        return problems.status
    if follower is None and not problems.status:
        raise Mistake(_none(file, protocol, number, conversation.count))
    return problems.status


def _in_colour(choice: str, path: str | None) -> bool:
    """Whether to colour: in a file only where it was asked for."""
    return choice == "always" if path is not None else colours.wanted(choice, sys.stdout, os.environ)


def _asked(which: tuple[str, ...]) -> tuple[str, int]:
    """The protocol and the number that were asked for."""
    words = list(which)
    protocol = words.pop(0) if words and words[0] in _WHAT else "tcp"
    if len(words) > 1 and not words[0].isdecimal():
        raise click.UsageError(f"{words[0]!r} is neither tcp nor udp")
    if len(words) > 1:
        raise click.UsageError(f"one conversation at a time: FILE [tcp|udp] N, without {words[1]!r}")
    if not words:
        raise click.UsageError("which one? Name it by its number: FILE [tcp|udp] N; rawcap flows FILE lists them")
    try:
        return protocol, Number(0).convert(words[0], None, None)
    except click.BadParameter as error:
        raise click.UsageError(f"N: {error.message}") from None


def _none(file: str, protocol: str, number: int, count: int) -> str:
    """The words for a number that no conversation of the file has; `count` is how many there are."""
    name = "standard input" if file == "-" else file
    if not count:
        return f"{name} has no {_WHAT[protocol]}"
    there = ["", "number 0", "0 and 1"][count] if count < 3 else f"0 to {count - 1:,}"
    return f"{name} has {counted(count, _WHAT[protocol])}, {there}; there is no {number}"


def _check(file: str, output: str, force: bool) -> None:
    """Raise CaptureError where `output` is what is read, or, unless by `force`, a file that is there."""
    if os.path.exists(file) and os.path.exists(output) and os.path.samefile(file, output):
        raise CaptureError(f"{output} is being read; write to another file")
    if os.path.isfile(output) and not force:
        raise CaptureError(f"{output} exists already; --force overwrites it")


def _follower(
    form: str, output: str | None, stack: contextlib.ExitStack, paint: colours.Paint, *, messages: bool
) -> Follower:
    """What shows the conversation, on standard output or in the file `output`, which is opened for it."""
    write_octets: Callable[[bytes], object] = sys.stdout.buffer.write
    write: Callable[[str], object] = sys.stdout.write
    if output is not None:
        file = stack.enter_context(_File(output))
        write_octets, write = file.write, file.write_text
    if form == "raw":
        return AsItIs(write_octets, say)
    return AsHex(write, paint) if form == "hex" else AsText(write, paint, messages=messages)


class _File:
    """A file that is written; what goes wrong with it is a CaptureError, in one line."""

    def __init__(self, path: str) -> None:
        self._path = path
        with self._told():
            self._file: BinaryIO = open(path, "wb")  # noqa: SIM115 - closed by __exit__

    def write(self, octets: bytes) -> None:
        """Write octets."""
        with self._told():
            self._file.write(octets)

    def write_text(self, text: str) -> None:
        """Write text, as UTF-8."""
        self.write(text.encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._told():
            self._file.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CaptureError(f"{self._path} cannot be written: {(error.strerror or str(error)).lower()}") from None


def _show(follower: Follower, parts: list[Part], wanted: dict[bool, bool]) -> bool:
    """Show what came out, of the sides that are wanted; gives whether there was anything."""
    said = False
    for part in parts:
        if not wanted[part.from_client]:
            continue
        said = True
        if isinstance(part.what, Gap):
            follower.gap(part.from_client, part.what.start, part.what.length)
        else:
            follower.octets(part.from_client, part.what.start, part.what.octets)
    return said


class _Connection:
    """The TCP connection with a number."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.count = 0
        """How many connections the packets read so far belong to."""
        self._streams = Streams()
        self._two: TwoStreams | None = None

    def parts(self, packets: Iterable[Packet]) -> Iterator[list[Part]]:
        """What comes out of the connection, packet by packet of it, and at the end what waited."""
        for packet in packets:
            stream = (packet.notes or {}).get("tcp.stream")
            if stream is None:
                continue
            self.count = max(self.count, stream + 1)
            if stream == self.number:
                parts = self._streams.add(packet)
                self._two = self._streams.connections.get(stream)
                yield parts
        if self._two is not None:
            yield list(self._streams.flush())

    @property
    def title(self) -> str:
        """A line that names both sides."""
        assert self._two is not None
        return f"tcp {self.number}: client {self._two.client}, server {self._two.server}"

    def remarks(self, wanted: dict[bool, bool]) -> Iterator[str]:
        """What is to be known of the streams that do not say it themselves."""
        assert self._two is not None
        for from_client, stream in ((True, self._two.from_client), (False, self._two.from_server)):
            if wanted[from_client]:
                yield from _remarks(side(from_client), stream)


def _remarks(name: str, stream: ByteStream) -> Iterator[str]:
    for conflict in stream.conflicts:
        yield (
            f"frame {conflict.number} contradicts frame {conflict.first_number} on octets {conflict.start} to "
            f"{conflict.start + conflict.length - 1} of the {name}: those of frame {conflict.first_number} are shown"
        )
    if more := stream.conflict_count - len(stream.conflicts):
        yield f"{counted(more, 'contradiction')} more on octets of the {name}"
    if stream.early:
        yield f"{counted(stream.early, 'octet')} of the {name} from before the first of the capture left out"
    if stream.after_fin:
        yield f"{counted(stream.after_fin, 'octet')} of the {name} behind its FIN left out"
    if stream.far:
        yield f"{counted(stream.far, 'segment')} of the {name} far from all others left out"


class _Exchange:
    """The UDP conversation with a number; the client is who sent the first datagram."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.count = 0
        """How many conversations the packets read so far belong to."""
        self._number_of = _UdpNumbers()
        self._client: Socket | None = None
        self._server: Socket | None = None
        self._places = {True: 0, False: 0}

    def parts(self, packets: Iterable[Packet]) -> Iterator[list[Part]]:
        """What the datagrams of the conversation carry; what was cut off them is a gap."""
        for packet in packets:
            udp = packet.udp
            if udp is None or udp.status & (layout.PARTIAL | layout.QUOTED):
                continue
            source, destination = sockets(udp)
            stream = self._number_of(packet, source, destination)
            self.count = max(self.count, stream + 1)
            if stream != self.number:
                continue
            if self._client is None:
                self._client, self._server = source, destination
            from_client = source == self._client
            payload, length = udp.payload, udp.payload_length
            place = self._places[from_client]
            self._places[from_client] += length
            parts = []
            if payload:
                parts.append(Part(stream, from_client, Piece(place, payload, packet.number, packet.time_ns)))
            if length > len(payload):
                parts.append(Part(stream, from_client, Gap(place + len(payload), length - len(payload))))
            yield parts

    @property
    def title(self) -> str:
        """A line that names both sides."""
        return f"udp {self.number}: client {self._client}, server {self._server}"

    def remarks(self, wanted: dict[bool, bool]) -> Iterator[str]:
        """Nothing: datagrams are as they came."""
        yield from ()


class _UdpNumbers:
    """Numbers the UDP conversations, from 0: pairs of sockets in the order in which they appear."""

    def __init__(self) -> None:
        self._numbers: dict[frozenset[Socket], int] = {}

    def __call__(self, packet: Packet, source: Socket, destination: Socket) -> int:
        """The number of the conversation that a datagram belongs to."""
        noted: int | None = (packet.notes or {}).get("udp.stream")
        if noted is not None:
            return noted
        return self._numbers.setdefault(frozenset((source, destination)), len(self._numbers))


class _Problems:
    """Says what is wrong with the file, after what was shown of it, and remembers it for the exit status."""

    def __init__(self) -> None:
        self.status = 0

    def __call__(self, error: CaptureError) -> None:
        self.status = 1
        sys.stdout.flush()
        say(str(error))
