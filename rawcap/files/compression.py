"""Compressed captures: which compression a file has, and its bytes without it.

A compressed file is known by its first bytes, never by its name: a pipe has no name and people rename files.
Only writing goes by the name, because there it says what is wanted.

    gzip  RFC 1952          zstd  RFC 8878          lz4  LZ4 Frame Format 1.6          xz  The .xz File Format 1.2

All four may be several streams one after another, and may be padded with zeros at the end.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from rawcap.files.errors import CaptureError, CutCapture

Octets = bytes | bytearray | memoryview

_SIGNATURES = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\xfd7zXZ\x00": "xz",
}

SIGNATURE_LENGTH = 6
"""Octets at the start of a file that are enough to recognise any of the compressions."""

SUFFIXES = {".gz": "gzip", ".zst": "zstd", ".lz4": "lz4", ".xz": "xz"}
"""The compression that each file name extension asks for when writing."""

# Compressed octets given to a decompressor at a time. One kibibyte of the densest stream there is (zstd, a run of
# one value) becomes 32 MiB: so small a piece bounds the memory that a hostile file can take, and costs no time.
_PIECE = 1 << 10

# More than the longest block, 4 MiB, and all that a piece can become: 255 octets for one.
_LZ4_ROOM = 8 << 20

# Decompressed octets collected before they are handed on.
_BLOCK = 1 << 17

# Window or dictionary that a stream may ask the reader to keep; `xz -9` needs 64 MiB, `zstd --long` 128 MiB.
_MEMORY_LIMIT = 128 << 20


class _Decompressor(Protocol):
    """One stream being decompressed, as zlib, lzma, lz4 and zstandard all offer it."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def recognise(start: bytes) -> str | None:
    """The compression ("gzip", "zstd", "lz4" or "xz") of a file with these first octets; None when there is none."""
    for signature, name in _SIGNATURES.items():
        if start.startswith(signature):
            return name
    return None


def decompress(compression: str, blocks: Iterable[bytes], label: str) -> Iterator[bytes]:
    """Blocks of a compressed file in, blocks of what it holds out.

    `label` names the file in the errors, which come after everything that could be decompressed has been given:
    CutCapture when the last stream is not complete, CaptureError when a stream is damaged.
    """
    position = 0
    stream: _Decompressor | None = None
    ready: list[bytes] = []
    size = 0
    for block in blocks:
        for start in range(0, len(block), _PIECE):
            piece = block[start : start + _PIECE]
            position += len(piece)
            try:
                while piece:
                    if stream is None:
                        piece = piece.lstrip(b"\0")
                        if not piece:
                            break
                        stream = _decompressor(compression)
                    output = stream.decompress(piece)
                    ready.append(output)
                    size += len(output)
                    piece = b""
                    if stream.eof:
                        piece = stream.unused_data
                        stream = None
            except Exception as error:  # each library raises its own kind, lz4 a bare RuntimeError
                yield b"".join(ready)
                raise CaptureError(
                    f"{label}: the {compression} data are damaged near byte {position} of the file ({error})"
                ) from None
            if size >= _BLOCK:
                yield b"".join(ready)
                ready.clear()
                size = 0
        # What one read of the file gave is passed on at once: the file may be a pipe from a running capture.
        if size:
            yield b"".join(ready)
            ready.clear()
            size = 0
    if stream is not None:
        raise CutCapture(f"{label}: the {compression} data are cut short at byte {position}, where the file ends")


def _decompressor(compression: str) -> _Decompressor:
    if compression == "gzip":
        import zlib

        return zlib.decompressobj(zlib.MAX_WBITS | 16)
    if compression == "zstd":
        import zstandard

        return zstandard.ZstdDecompressor(max_window_size=_MEMORY_LIMIT).decompressobj()
    if compression == "lz4":
        return _Lz4Stream()
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_LIMIT)


class _Lz4Stream:
    """One LZ4 frame being decompressed.

    The library keeps back what does not fit into the room it takes for a piece's output, until the next piece comes:
    of a file that is cut, for ever. No piece has more output than the room that it is told to take here.
    """

    def __init__(self) -> None:
        import lz4.frame

        self._frame = lz4.frame.LZ4FrameDecompressor()

    @property
    def eof(self) -> bool:
        return bool(self._frame.eof)

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data or b""

    def decompress(self, data: bytes, /) -> bytes:
        output: bytes = self._frame.decompress(data, max_length=_LZ4_ROOM)
        return output


class Compressor(Protocol):
    """One file being compressed, octets in and octets out.

    The file begins with `beginning`. `ending` are the octets that complete the stream as it stands after `flush`:
    what was flushed, and these behind it, decompress without complaint, though more was to come. `interval` is how
    many octets, before compression, lie between such points when their cost shall not be worth naming.
    """

    @property
    def beginning(self) -> bytes: ...
    @property
    def interval(self) -> int: ...
    @property
    def ending(self) -> bytes: ...
    def compress(self, data: Octets, /) -> bytes: ...
    def flush(self) -> bytes: ...
    def finish(self) -> bytes: ...


def compressor(compression: str) -> Compressor:
    """What compresses a new file; one stream from its start to `finish`, but for xz."""
    return _COMPRESSORS[compression]()


class _Gzip:
    """Deflate with RFC 1952's header and trailer around it, at gzip's own level."""

    # No name, no time, an unknown system: the same packets make the same file.
    beginning = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    interval = 1 << 18

    def __init__(self) -> None:
        import zlib

        self._deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._sync = zlib.Z_SYNC_FLUSH
        self._crc32 = zlib.crc32
        self._checksum = self._length = 0

    @property
    def ending(self) -> bytes:
        return b"\x03\x00" + self._trailer()  # an empty last block (RFC 1951, section 3.2.6)

    def compress(self, data: Octets, /) -> bytes:
        self._checksum = self._crc32(data, self._checksum)
        self._length += len(data)
        return self._deflate.compress(data)

    def flush(self) -> bytes:
        return self._deflate.flush(self._sync)

    def finish(self) -> bytes:
        return self._deflate.flush() + self._trailer()

    def _trailer(self) -> bytes:
        return struct.pack("<II", self._checksum, self._length & 0xFFFFFFFF)


class _Zstd:
    """One frame of RFC 8878, without the checksum that may end it."""

    beginning = b""
    interval = 1 << 18
    ending = b"\x01\x00\x00"  # an empty last block (section 3.1.1.2)

    def __init__(self) -> None:
        import zstandard

        self._frame = zstandard.ZstdCompressor().compressobj()
        self._block = zstandard.COMPRESSOBJ_FLUSH_BLOCK

    def compress(self, data: Octets, /) -> bytes:
        return self._frame.compress(data)

    def flush(self) -> bytes:
        return self._frame.flush(self._block)

    def finish(self) -> bytes:
        return self._frame.flush()


class _Lz4:
    """One frame of the LZ4 Frame Format, without the checksum that may end it."""

    interval = 1 << 18
    ending = b"\x00\x00\x00\x00"  # the end mark

    def __init__(self) -> None:
        import lz4.frame

        self._library = lz4.frame
        self._context = lz4.frame.create_compression_context()
        self.beginning: bytes = lz4.frame.compress_begin(self._context)

    def compress(self, data: Octets, /) -> bytes:
        compressed: bytes = self._library.compress_chunk(self._context, data)
        return compressed

    def flush(self) -> bytes:
        flushed: bytes = self._library.compress_flush(self._context, end_frame=False)
        return flushed

    def finish(self) -> bytes:
        end: bytes = self._library.compress_flush(self._context)
        return end


class _Xz:
    """Streams of the .xz format, one after another: liblzma as Python has it can only flush by ending a stream.

    Streams of 4 MiB make a file about a seventh larger than one stream would, and each flush adds to that.
    """

    beginning = b""
    interval = 1 << 22
    ending = b""

    def __init__(self) -> None:
        import lzma

        self._new = lzma.LZMACompressor
        self._stream: lzma.LZMACompressor | None = None

    def compress(self, data: Octets, /) -> bytes:
        if self._stream is None:
            self._stream = self._new()
        return self._stream.compress(data)

    def flush(self) -> bytes:
        stream, self._stream = self._stream, None
        return stream.flush() if stream is not None else b""

    finish = flush


_COMPRESSORS: dict[str, Callable[[], Compressor]] = {"gzip": _Gzip, "zstd": _Zstd, "lz4": _Lz4, "xz": _Xz}
