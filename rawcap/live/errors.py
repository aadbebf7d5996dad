"""What goes wrong with a live capture, each in one line that a user can act on.

The text is complete: a caller prints it and adds nothing.
"""

from __future__ import annotations


class LiveError(Exception):
    """A capture cannot begin or go on; the text says why, in one line."""


class NotPermitted(LiveError):
    """The kernel does not let this user do it; the text names the capability that is missing and how to get it."""
