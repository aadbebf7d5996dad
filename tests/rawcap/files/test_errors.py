"""The two errors that everything about capture files raises."""

from __future__ import annotations

from rawcap.files.errors import CaptureError, CutCapture, reason


def test_a_cut_capture_is_caught_with_every_other_capture_error() -> None:
    assert issubclass(CutCapture, CaptureError)


def test_the_reason_of_a_system_error_is_its_words_alone() -> None:
    assert reason(PermissionError(13, "Permission denied", "/etc/shadow")) == "permission denied"


def test_the_reason_of_another_error_is_its_text() -> None:
    assert reason(ValueError("embedded null byte")) == "embedded null byte"
