"""Views of packets: one line each, a tree of fields, the octets, JSON, columns. Packets in, text out.

Nothing here opens a file or knows an option of the command line. What comes from a packet is hostile: every view
escapes what a terminal would obey.
"""
