"""What is known of TCP connections beyond one segment. Pure: packets in, findings out."""
