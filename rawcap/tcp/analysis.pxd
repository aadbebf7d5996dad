from rawcap.tcp.connection cimport Findings, Side
from rawcap.tcp.segment cimport Segment


cdef int analyse(Side side, Segment segment, Findings findings) except -1
