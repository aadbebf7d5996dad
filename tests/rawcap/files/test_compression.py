"""Compressed bytes in, the bytes within out; and what is told of a stream that is cut or damaged."""

from __future__ import annotations

import contextlib
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator

import lz4.frame
import pytest
import zstandard

from rawcap.files.compression import compressor, decompress, recognise
from rawcap.files.errors import CaptureError, CutCapture

CONTENT = b"".join(b"%d packets, " % number for number in range(20_000))

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
    "lz4": lz4.frame.compress,
    "xz": lzma.compress,
}

every = pytest.mark.parametrize("compression", PACKERS)


def unpack(compression: str, *blocks: bytes) -> bytes:
    return b"".join(decompress(compression, blocks, "x"))


@every
def test_a_compression_is_recognised_by_its_first_octets(compression: str) -> None:
    assert recognise(PACKERS[compression](b"a")[:6]) == compression


def test_a_capture_is_not_taken_for_compressed() -> None:
    assert recognise(b"\xd4\xc3\xb2\xa1\x02\x00") is None
    assert recognise(b"\x0a\x0d\x0d\x0a\x1c\x00") is None
    assert recognise(b"") is None


@every
def test_what_was_compressed_comes_back(compression: str) -> None:
    assert unpack(compression, PACKERS[compression](CONTENT)) == CONTENT


@every
def test_it_comes_in_any_blocks(compression: str) -> None:
    packed = PACKERS[compression](CONTENT)
    assert unpack(compression, *(packed[at : at + 7] for at in range(0, len(packed), 7))) == CONTENT


@every
def test_streams_after_one_another_are_one_content(compression: str) -> None:
    pack = PACKERS[compression]
    assert unpack(compression, pack(b"one ") + pack(b"") + pack(b"two")) == b"one two"


@every
def test_zeros_after_a_stream_are_padding(compression: str) -> None:
    assert unpack(compression, PACKERS[compression](b"one") + bytes(512)) == b"one"


@every
def test_octets_are_passed_on_as_they_arrive(compression: str) -> None:
    packed = PACKERS[compression](b"one") + PACKERS[compression](b"two")
    middle = len(PACKERS[compression](b"one"))
    arrived: list[int] = []

    def blocks() -> Iterator[bytes]:
        for block in (packed[:middle], packed[middle:]):
            arrived.append(len(block))
            yield block

    content = decompress(compression, blocks(), "x")
    assert next(content) == b"one"
    assert len(arrived) == 1


@every
def test_a_cut_stream_gives_what_is_there_and_then_names_the_offset(compression: str) -> None:
    pack = PACKERS[compression]
    packed = pack(b"whole") + pack(CONTENT)[:-5]
    content = decompress(compression, [packed], "x.pcap")
    assert next(content).startswith(b"whole")
    with pytest.raises(CutCapture, match=rf"^x\.pcap: the {compression} data are cut short at byte {len(packed)},"):
        list(content)


@every
def test_a_damaged_stream_gives_what_came_before_and_then_says_so(compression: str) -> None:
    pack = PACKERS[compression]
    content = decompress(compression, [pack(b"whole") + b"\x00\x00this is no stream at all"], "x.pcap")
    assert next(content) == b"whole"
    with pytest.raises(CaptureError, match=rf"^x\.pcap: the {compression} data are damaged near byte \d+ of the file"):
        list(content)


def test_a_wrong_checksum_is_damage() -> None:
    packed = bytearray(gzip.compress(b"content"))
    packed[-8] ^= 1
    with pytest.raises(CaptureError, match="damaged"):
        unpack("gzip", bytes(packed))


def test_a_stream_that_wants_a_gigantic_dictionary_is_refused() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 20}]
    packed = bytearray(lzma.compress(b"small", filters=filters))
    at = packed.index(b"\x21\x01\x10")  # LZMA2, one octet of properties: a dictionary of 1 MiB
    packed[at + 2] = 38  # of 2 GiB
    packed[20:24] = zlib.crc32(packed[12:20]).to_bytes(4, "little")
    with pytest.raises(CaptureError, match=r"the xz data are damaged near byte .*limit"):
        unpack("xz", bytes(packed))


@every
def test_a_bomb_is_handed_on_in_pieces(compression: str) -> None:
    packed = PACKERS[compression](bytes(64 << 20))
    largest = total = 0
    for block in decompress(compression, [packed], "x"):
        largest = max(largest, len(block))
        total += len(block)
    assert total == 64 << 20
    assert largest <= 33 << 20


# -- writing ----------------------------------------------------------------------------------------------------------

UNPACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    "lz4": lz4.frame.decompress,
    "xz": lzma.decompress,
}


@every
def test_what_is_written_is_read_by_the_library_itself(compression: str) -> None:
    output = compressor(compression)
    packed = output.beginning + output.compress(CONTENT[:1000]) + output.compress(CONTENT[1000:]) + output.finish()
    assert UNPACKERS[compression](packed) == CONTENT


@every
def test_what_was_flushed_can_be_read_before_the_rest_is_written(compression: str) -> None:
    output = compressor(compression)
    packed = output.beginning + output.compress(CONTENT) + output.flush()
    content = b""
    with contextlib.suppress(CutCapture):
        for block in decompress(compression, [packed], "x"):
            content += block
    assert content == CONTENT


@every
def test_what_was_flushed_and_its_ending_are_read_by_the_library_itself(compression: str) -> None:
    output = compressor(compression)
    packed = output.beginning + output.compress(CONTENT[:1000]) + output.flush()
    packed += output.compress(CONTENT[1000:]) + output.flush()
    ending = output.ending
    output.compress(b"never written")
    assert UNPACKERS[compression](packed + ending) == CONTENT


@every
def test_after_a_flush_the_stream_goes_on(compression: str) -> None:
    output = compressor(compression)
    packed = output.beginning + output.compress(CONTENT[:1000]) + output.flush()
    packed += output.compress(CONTENT[1000:]) + output.finish()
    assert UNPACKERS[compression](packed) == CONTENT


def test_the_same_content_makes_the_same_gzip_file() -> None:
    output = compressor("gzip")
    packed = output.beginning + output.compress(b"abc") + output.finish()
    assert packed == bytes.fromhex("1f8b08000000000000ff 4b4c4a0600 c2412435 03000000")
