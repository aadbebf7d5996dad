cdef class Segment:
    cdef readonly long long number
    cdef readonly long long time_ns
    cdef readonly long long tsval
    cdef readonly long long tsecr
    cdef readonly unsigned int seq_raw
    cdef readonly unsigned int ack_raw
    cdef readonly unsigned int length
    cdef readonly int mss
    cdef readonly int cookie
    cdef readonly unsigned short flags
    cdef readonly unsigned short window
    cdef readonly signed char shift
    cdef readonly unsigned char header_length
    cdef readonly bint sack_permitted
    cdef public bint from_client
    cdef readonly bytes options
    cdef readonly bytes sack

    cpdef void read(
        self,
        long long number,
        long long time_ns,
        const unsigned char[::1] data,
        long long at,
        long long stop,
        long long end,
    ) except *
    cpdef Segment copy(self)
    cpdef Segment bare(self)
