"""What a bench says of a command is what the command did; a ratio is that of a round."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts.bench import measure
from scripts.bench.measure import BenchError, Run


def python(code: str) -> list[str]:
    """A command that runs the code."""
    return [sys.executable, "-c", code]


def test_the_rate_is_packets_a_second() -> None:
    assert Run(packets=300, seconds=1.5, processor=1.0, peak=0).rate == 200


def test_a_whole_command_is_timed_from_start_to_exit() -> None:
    run = measure.whole(python("import time; time.sleep(0.25)"), 7)
    assert run.packets == 7
    assert run.seconds >= 0.25


def test_processor_time_is_that_of_the_command() -> None:
    busy = "import time\nwhile time.process_time() < 0.25: pass"
    assert measure.whole(python(busy), 1).processor >= 0.25


def test_the_peak_is_that_of_the_command_though_it_has_let_go() -> None:
    assert measure.whole(python("x = b'x' * 200_000_000; del x"), 1).peak >= 200_000_000


def test_a_command_may_say_itself_what_it_took() -> None:
    said = '{"packets": 5, "seconds": 2.5, "processor": 1.25}'
    run = measure.inside(python(f"print('{said}')"))
    assert (run.packets, run.seconds, run.processor) == (5, 2.5, 1.25)


def test_the_output_of_a_command() -> None:
    assert measure.output_of(python("print('a'); print('b')")) == b"a\nb\n"


def test_a_command_that_fails_ends_the_bench_with_what_it_said_last() -> None:
    with pytest.raises(BenchError, match=r" failed: ValueError: so wrong$"):
        measure.whole(python("raise ValueError('so wrong')"), 1)


def test_a_command_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "LONGEST", 0.1)
    with pytest.raises(BenchError, match=r" took more than 0 seconds$"):
        measure.whole(python("import time; time.sleep(600)"), 1)


def test_a_function_runs_in_another_process(tmp_path: Path) -> None:
    measure.elsewhere(measure.repeated, tmp_path / "three.pcap", 3)
    assert (tmp_path / "three.pcap").stat().st_size > 24 + 3 * 16


def test_what_fails_in_another_process_ends_the_bench(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="repeated failed"):
        measure.elsewhere(measure.repeated, tmp_path / "no folder" / "three.pcap", 3)


@pytest.mark.parametrize(
    ("ratios", "text"),
    [
        ([12.4, 11.0, 14.0], "12x (11-14)"),
        ([1200.0], "1,200x (1,200-1,200)"),
        ([2.0, 3.14159], "2.6x (2.0-3.1)"),
        ([1.625, 1.5, 1.75], "1.62x (1.50-1.75)"),
        ([0.0038], "0.0038x (0.0038-0.0038)"),
    ],
)
def test_ratios_are_shown_by_their_median_and_ends(ratios: list[float], text: str) -> None:
    assert measure.times(ratios) == text
