from rawcap.tcp.connection cimport Connection, Findings, Side
from rawcap.tcp.segment cimport Segment


cdef class Tracker:
    cdef readonly list connections
    cdef readonly list exchanges
    cdef readonly Findings findings
    cdef Segment segment
    cdef long long most
    cdef bint with_states
    cdef long long streams
    cdef long long udp_streams
    cdef long long udp_stream
    cdef long long quoted_stream
    cdef bint is_segment
    cdef dict young
    cdef dict old
    cdef dict young_udp
    cdef dict old_udp
    cdef dict worded

    cpdef int number(
        self,
        bytes key,
        long long number,
        long long time_ns,
        const unsigned char[::1] data,
        long long at,
        long long stop,
        long long end,
    ) except -1
    cpdef bytes words(self)
    cdef bytes _worded(self, long long flags)
    cdef Connection _segment(self, bytes key)
    cdef Side _choose(self, bytes key, Side side)
    cdef int _judge_fast_open(self, Side side) except -1
    cdef object _datagram(self, bytes key, object number, object time_ns, object octets)
    cdef Side _side(self, bytes key)
    cdef Side _begin(self, bytes key, bint reused)
    cdef object _keep(self, bytes key, Side side)
    cdef object _error(self, object packet)
    cdef long long _value(self, long long place) noexcept
