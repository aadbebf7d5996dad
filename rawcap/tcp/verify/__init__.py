"""Verification: what has to hold of a TCP connection, checked by packets, with the numbers of those that prove it.

    evidence.py      what is kept of packets: cases, one for each connection or exchange
    rules.py         the checklist
    outcome.py       how it ended for the two programs, in terms of the socket API
    expectations.py  what a grader may expect
"""
