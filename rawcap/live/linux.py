"""What Python's modules do not have of Linux: numbers, each with the header it is from, and the C library."""

from __future__ import annotations

import ctypes

libc = ctypes.CDLL(None, use_errno=True)

# linux/if_packet.h: options at level SOL_PACKET
SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP = 1
PACKET_RX_RING = 5
PACKET_STATISTICS = 6
PACKET_VERSION = 10
PACKET_TIMESTAMP = 17
PACKET_FANOUT = 18
PACKET_MR_PROMISC = 1
PACKET_FANOUT_HASH = 0
PACKET_FANOUT_FLAG_DEFRAG = 0x8000
TPACKET_V3 = 2

# linux/if_ether.h
ETH_P_ALL = 3
ETH_P_IP = 0x0800
ETH_P_IPV6 = 0x86DD

# asm-generic/socket.h
SO_ATTACH_FILTER = 26
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
SO_RXQ_OVFL = 40
SO_MEMINFO = 55

# linux/sock_diag.h: where the numbers that SO_MEMINFO gives stand
SK_MEMINFO_RMEM_ALLOC = 0
SK_MEMINFO_DROPS = 8

# linux/in6.h
IPV6_FLOWINFO = 11

# linux/sockios.h
SIOCGIFFLAGS = 0x8913

# linux/if.h
IFF_UP = 0x1
