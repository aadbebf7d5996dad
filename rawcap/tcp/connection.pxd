from rawcap.tcp.segment cimport Segment


cdef class Trouble:
    cdef readonly long long count
    cdef readonly list numbers


cdef class Unacknowledged:
    cdef unsigned int seq
    cdef unsigned int next_seq
    cdef long long number
    cdef long long time_ns
    cdef Unacknowledged newer


cdef class Findings:
    cdef public long long stream
    cdef public long long seq
    cdef public long long ack
    cdef public long long window
    cdef public long long next_seq
    cdef public long long completeness
    cdef public long long flags
    cdef public long long acks_frame
    cdef public long long ack_rtt
    cdef public long long rto
    cdef public long long rto_frame
    cdef public long long duplicate_ack_num
    cdef public long long duplicate_ack_frame
    cdef public long long bytes_in_flight
    cdef public long long push_bytes_sent
    cdef public bint is_measured
    cdef public long long expected
    cdef public long long initial_rtt
    cdef public long long time_relative
    cdef public long long time_delta

    cdef int clear(self) except -1


cdef class Side:
    cdef readonly Connection connection
    cdef readonly Side other
    # numbers, as on the wire; -1 while they are not known
    cdef public long long base
    cdef public long long next_seq
    cdef public long long to_acknowledge
    cdef public long long last_ack_raw
    cdef public long long highest_acked
    cdef public long long highest_sent
    cdef public long long fin_seq
    cdef public long long last_tsval
    # what the analysis of a segment asks of those before
    cdef public long long next_ns
    cdef public long long last_ack_ns
    cdef public int window
    cdef public unsigned int next_number
    cdef public unsigned int duplicates
    cdef public unsigned int not_duplicate
    cdef public unsigned int last_flags
    cdef public unsigned int pushed
    cdef public bytes last_sack
    cdef Unacknowledged oldest
    cdef Unacknowledged newest
    cdef public unsigned int unacknowledged
    # its state
    cdef public unsigned char state_number
    cdef public unsigned char challenged
    cdef public signed char shift
    cdef public unsigned char push_ended
    cdef public unsigned char flight_known
    cdef readonly list states
    # evidence
    cdef readonly Segment syn
    cdef readonly Segment fin
    cdef readonly Segment rst
    cdef readonly unsigned int syn_count
    cdef readonly unsigned int fin_count
    cdef readonly unsigned int rst_count
    cdef readonly unsigned int fin_acked
    cdef readonly unsigned int segments
    cdef readonly unsigned int data_segments
    cdef readonly unsigned int last_ack_number
    cdef readonly unsigned int first_data_number
    cdef readonly unsigned int last_data_number
    cdef readonly long long first_data_ns
    cdef readonly long long last_data_ns
    cdef readonly long long octets
    cdef readonly int smallest_window
    cdef readonly int largest_window
    cdef list syns_again
    cdef readonly dict trouble
    cdef list holes

    cdef int enter(self, int event, long long number) except -1
    cdef int blame(self, str name, long long number) except -1
    cdef int remember(self, Segment segment, unsigned int next_seq) except -1
    cdef int settle(self, Segment segment, Findings findings) except -1
    cdef int dig(self, long long start, long long stop) except -1
    cdef int fill(self, long long start, long long stop) except -1


cdef class Connection:
    cdef readonly long long stream
    cdef readonly Side first
    cdef readonly Side second
    cdef readonly bytes key
    cdef readonly unsigned int first_number
    cdef readonly unsigned int last_number
    cdef readonly long long first_ns
    cdef readonly long long last_ns
    cdef readonly long long segments
    cdef readonly Segment ack
    cdef public unsigned char completeness
    cdef public unsigned char ended
    cdef readonly bint reset
    cdef readonly bint reused
    cdef readonly bint second_is_client
    cdef readonly unsigned char fins_crossed
    cdef readonly signed char first_to_close
    cdef public long long initial_rtt
    cdef public long long last_syn_ns
    cdef readonly long long rtt_total
    cdef readonly long long rtt_least
    cdef readonly long long rtt_most
    cdef readonly unsigned int rtt_count
    cdef readonly list icmp
    # the connection that a SYN came in the middle of, or the one that the SYN began, as long as either may go on
    cdef public Connection aside
    cdef public unsigned int challenge

    cdef int advance(self, Side side, Segment segment, Findings findings) except -1
    cdef int _measure(self, Side side, Segment segment) except -1
    cdef int _judge(self, Side side, Segment segment, long long found) except -1
    cdef int _is_duplicate_sack(self, Segment segment) except -1
    cdef int _is_acceptable(self, Side side, Segment segment, Findings findings) except -1
    cdef int _sample(self, long long rtt) except -1
