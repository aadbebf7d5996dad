"""What analysis.py offers, for type checkers: the file itself is written in Cython's types."""

from rawcap.tcp.connection import Findings, Side
from rawcap.tcp.segment import Segment

def analyse(side: Side, segment: Segment, findings: Findings) -> int: ...
