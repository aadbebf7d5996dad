"""What goes wrong with a capture file, each in one line a user can act on.

Everything in `rawcap.files` that can fail for a reason outside the program raises one of these two. The text
begins with the name of the file and is complete: a caller prints it and adds nothing.
"""

from __future__ import annotations


class CaptureError(Exception):
    """A capture file cannot be opened, read on, or written; the text says why, in one line."""


class CutCapture(CaptureError):
    """A capture file ends in the middle of something; the text names the byte offset.

    Everything before that place was whole and has been given.
    """


def reason(error: Exception) -> str:
    """The system's words for an error, without the number and the path it puts around them."""
    return (getattr(error, "strerror", None) or str(error)).lower()
