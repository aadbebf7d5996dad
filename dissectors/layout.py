"""The numbers that graph.py writes and walk.py reads: the rows of a compiled parse graph.

Kept apart from both so that each is said once: walk.py binds them to C integers, which Python cannot see.
"""
from __future__ import annotations

# A node, one row of NODE numbers a header.
NODE = 24
FIXED = 0  # octets that must be there before any rule reads a field
LENGTH_BASE = 1  # length of the header = LENGTH_BASE + sum of LENGTH_COUNT terms from LENGTH_TERM on
LENGTH_TERM = 2
LENGTH_COUNT = 3
END_RULE = 4  # where the header says that it ends, with all it carries
END_BASE = 5
END_TERM = 6
END_COUNT = 7
FRAGMENT_TERM = 8  # not zero: what follows is the middle of something; -1 where there is no such field
NEXT = 9  # what follows: an edge
FLAGS = 14
LENGTH_MULTIPLE = 15  # the length is filled up to a multiple of this
END_ZERO = 16  # a sum of zero means all that is there, where that is more octets than this; -1: it means zero
MEMBERS = 17  # which option of the family it is: an edge
FAMILY = 22  # number of the family, the same for all of its members; 0 where there is none
ALIGN = 23  # options of the family are filled up to a multiple of this

# An edge, EDGE_DEFAULT + 1 numbers of a node's row from NEXT or MEMBERS on: the rule, the first term that it reads, its
# rows, how many they are or where the second half of the table begins, and the node where none of them fits.
EDGE_RULE = 0
EDGE_TERM = 1
EDGE_TABLE = 2
EDGE_SIZE = 3
EDGE_DEFAULT = 4

# A term, one row of TERM numbers a wire field that a rule reads.
TERM = 9
T_OFFSET = 0  # octets from the start of the header
T_SIZE = 1  # octets to read
T_SHIFT = 2
T_MASK = 3
T_TIMES = 4
T_MODE = 5
T_OPERAND = 6
T_LITTLE = 7  # 1: least significant octet first
T_SHAPE = 8  # all of this in one number, where it is usual

PLAIN_8 = 1  # an octet as it is
PLAIN_16 = 2  # two octets as they are, most significant first

LINEAR = 0  # the value times T_TIMES
NONZERO = 1  # T_TIMES when the value is not zero
EQUALS = 2  # T_TIMES when the value is T_OPERAND
DIFFERS = 3  # T_TIMES when it is not

END_WITH_PARENT = 0
END_BY_TERMS = 1

NEXT_NOTHING = 0
NEXT_BY_TABLE = 1
NEXT_BY_PAIRS = 2
NEXT_BY_PORTS = 3
NEXT_ALWAYS = 4

CUT = 0xFFFF  # in place of a node: the edge is there, but nobody needs what it leads to

# Flags of a node.
SELECTOR = 1  # looks ahead and chooses; no header of its own
QUOTES = 2  # carries the beginning of another packet, cut short by rights
REPEATS = 4  # follows itself until its parent ends
TAKES_ALL = 8  # the header reaches to its end: nothing is carried
EXTENDS = 16  # continues the header before it, under the same name
STRICT = 32  # a family whose options are believed only where their fields take all of their octets
TAILED = 64  # has fields behind the fixed part
ROOMY = 128  # a family or a header with a body: its fields may leave octets
ASKED = 256  # has a say in whether it is recognised

# A found layer, one row of FOUND numbers: node, start, stop, end, status, the row of the header that carries it, the
# row of the one of its kind that it follows; -1 for a row that there is not.
FOUND = 7
TRUNCATED = 1  # the capture cut it
SHORT = 2  # its parent ends before it does
BAD_LENGTH = 4  # its header length is below the least possible
BAD_END = 8  # its own end lies inside its header
LONG_END = 16  # its own end lies beyond its parent's
TOO_DEEP = 32  # the walk was ended here
PARTIAL = 64  # not even the fixed part is whole
FRAGMENT = 128
QUOTED = 256
CONTRADICTS = SHORT | BAD_LENGTH | BAD_END | LONG_END | TOO_DEEP

# A header that may follow itself, one row of REPEAT numbers while what it carries is walked: node, start, end, quoted,
# depth, the row of what carries it, its own row.
REPEAT = 7

# What is gathered into a column from a header, one row of ENTRY numbers: the column, what kind of value it is, the
# octets to read, which of their bits, value = bits * E_UNIT + E_PLUS, how many octets the column keeps of it.
ENTRY = 10
E_COLUMN = 0
E_KIND = 1
E_AT = 2
E_SIZE = 3
E_SHIFT = 4
E_MASK = 5
E_UNIT = 6
E_PLUS = 7
E_WIDTH = 8
E_SHARED = 9  # 1: headers of several nodes have a value for the column

NUMBER = 0
LITTLE = 1  # least significant octet first
SIGNED = 2  # two's complement
TRUTH = 3  # whether it is not zero
OCTETS = 4  # as they are
REMAINING = 5  # what is left of all that the header carries behind so many octets
PRESENT = 6  # that the header is there

# The marks of a node, for those who gather: where walking alone does not tell what is in the frame.
MARKED_FOUND = 1  # what it is, or carries, is only seen by looking at its octets
MARKED_LEFT = 2  # what it carries is, where no edge leads on
PATH_ASKED = 4  # for the path alone: it is recognised by its octets
PATH_GUESSED = 8  # for the path alone: what it carries is, where no edge leads on
PATH_UNSURE = 16  # for the path alone: nothing but dissecting tells

# What is in doubt about a gathered frame.
SEVERAL = 1  # a field has more than one value
UNSURE = 2  # a mark was met
OPEN = 4  # only the path is in doubt, and a look at some octets tells it

# What is open, one row of OPENED numbers a frame: the octets to look at, the header that they may be (0: whichever may
# be guessed in the last one of the path), and the path up to there.
OPENED = 4
MOST_PATHS = 8192  # different ones that are remembered

# Bounds.  Seven sampled frames in one datagram of sFlow are about eighty headers.
MOST_LAYERS = 64  # one inside the other
MOST_FOUND = 33_000  # in all: as many as a frame of 65,535 octets has room for two octets
MOST_REPEATING = 4
MOST_LEAPS = 16  # selectors from one header to the next
MOST_PUT_BY = 512  # headers from which fields are gathered at once
