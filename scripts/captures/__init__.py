"""The captures of pcaps/ and how each is made.

    hosts.py                  two hosts on one wire: network namespaces, their sockets, a recorder on an interface
    relay.py                  a wire between them that loses and delays what it is told to
    recorded.py               what real sockets send, recorded between those hosts
    crafted.py                what they do not send, composed with scapy
    connections.py            how connections open, fare and close, recorded over that wire (pcaps/tcp/)
    crafted_connections.py    connections that break one rule each, composed (pcaps/tcp/)

A capture is a function; its name is the name of the file, its docstring says in pcaps/README.md what the file shows.
"""
