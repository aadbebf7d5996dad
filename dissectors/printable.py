"""Text from packets, made safe to print: nothing that a terminal would obey passes."""

from __future__ import annotations


def printable(text: str) -> str:
    """`text` with control characters, invisible and direction-changing ones as escapes: `\\n`, `\\x1b`, `\\u202e`."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
