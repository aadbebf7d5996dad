"""The captures of pcaps/ and how each is made.

    hosts.py       two hosts on one wire: network namespaces, their sockets, and a recorder on an interface
    recorded.py    what real sockets send, recorded between those hosts
    crafted.py     what they do not send, composed with scapy

A capture is a function; its name is the name of the file, its docstring says in pcaps/README.md what the file shows.
"""
