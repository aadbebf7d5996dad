"""What the host's network stack does: sockets, processes, system calls, kernel events, and the timeline of them all."""
