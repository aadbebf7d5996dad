"""Compressed captures: which compression a file has, and its bytes without it.

A compressed file is known by its first bytes, never by its name: a pipe has no name and people rename files.
Only writing goes by the name, because there it says what is wanted.

    gzip  RFC 1952          zstd  RFC 8878          lz4  LZ4 Frame Format 1.6          xz  The .xz File Format 1.2

All four may be several streams one after another, and may be padded with zeros at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Protocol

from rawcap.files.errors import CaptureError, CutCapture

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
        import lz4.frame

        stream: _Decompressor = lz4.frame.LZ4FrameDecompressor()
        return stream
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_LIMIT)


class Output(Protocol):
    """A file that is written through a compressor."""

    def write(self, data: bytes, /) -> object: ...
    def flush(self) -> object: ...
    def close(self) -> object: ...


def compress(compression: str, stream: IO[bytes]) -> Output:
    """A file whose octets go to `stream` compressed; closing it completes the data and leaves `stream` open."""
    if compression == "gzip":
        import gzip

        return gzip.GzipFile("", "wb", 6, stream)
    if compression == "zstd":
        import zstandard

        return zstandard.ZstdCompressor().stream_writer(stream, closefd=False)
    if compression == "lz4":
        import lz4.frame

        output: Output = lz4.frame.LZ4FrameFile(stream, "wb")
        return output
    import lzma

    return lzma.LZMAFile(stream, "wb")
