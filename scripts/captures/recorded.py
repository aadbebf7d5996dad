"""Captures of what real sockets send, recorded on the client's interface.

Each function plays one scene in a fresh Lab; its docstring is the line in pcaps/README.md. One thread plays both hosts:
a connection to a listening socket is complete before anyone accepts it, and what is sent waits to be read. Only where
both ends must answer at once (HTTP, TLS) does a second thread play the server.
"""

from __future__ import annotations

import base64
import http.client
import http.server
import socket
import ssl
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRMX, DNSRROPT, DNSRRSOA, dns_compress
from scapy.layers.inet import IP
from scapy.layers.inet6 import (
    ICMPv6MLQuery,
    ICMPv6MLQuery2,
    ICMPv6ND_RA,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrHopByHop,
    RouterAlert,
)
from scapy.layers.l2 import Ether
from scapy.layers.ntp import NTPHeader

from dissectors.packet import Packet

from .hosts import CLIENT, CLIENT6, SERVER, SERVER6, SERVER_LOCAL, SERVER_MAC, Lab, Recorder

Scene = Callable[[Lab], None]

MSG_FASTOPEN = 0x20000000  # linux/socket.h
IP_MTU_DISCOVER, IP_PMTUDISC_DO = 10, 2  # linux/in.h
IPV6_MTU_DISCOVER, IPV6_DONTFRAG = 23, 62  # linux/in6.h
IPPROTO_UDPLITE, UDPLITE_SEND_CSCOV = 136, 10  # linux/in.h, net/udplite.h


class Recorded:
    """A scene and where it is recorded: calling it plays the scene and gives its packets."""

    def __init__(self, scene: Scene, interface: str, snaplen: int, introduced: bool) -> None:
        self.name = scene.__name__
        self.summary = " ".join((scene.__doc__ or "").split())
        self.scene, self.interface, self.snaplen, self.introduced = scene, interface, snaplen, introduced

    def __call__(self) -> list[Packet]:
        lab = Lab(self.introduced)
        try:
            recorder = Recorder(lab.client, self.interface, self.snaplen)
            self.scene(lab)
            return recorder.stop()
        finally:
            lab.close()


CAPTURES: list[Recorded] = []


def recorded(interface: str = "eth0", snaplen: int = 0, introduced: bool = True) -> Callable[[Scene], Scene]:
    """Enter a scene into the list of captures."""

    def enter(scene: Scene) -> Scene:
        CAPTURES.append(Recorded(scene, interface, snaplen, introduced))
        return scene

    return enter


# TCP


def echo_once(client: socket.socket, server: socket.socket, line: bytes = b"hello\n") -> None:
    """A line from the client, the same back, and both ends close, the client first."""
    client.sendall(line)
    server.sendall(server.recv(2000))
    client.recv(2000)
    client.close()
    server.recv(2000)
    server.close()


@recorded()
def tcp_handshake(lab: Lab) -> None:
    """A TCP connection over IPv4 from beginning to end: handshake, a line to the echo port and back, close."""
    echo_once(*lab.connect(7))


@recorded()
def tcp_handshake_ipv6(lab: Lab) -> None:
    """A TCP connection over IPv6 from beginning to end."""
    echo_once(*lab.connect(7, socket.AF_INET6))


@recorded()
def tcp_refused(lab: Lab) -> None:
    """Connections refused, over IPv4 and IPv6: nobody listens, so SYN is answered by RST."""
    for family, here, there in lab.addresses():
        client = lab.client.socket(family)
        client.bind((here, 49152))
        try:
            client.connect((there, 7))
        except ConnectionRefusedError:
            continue
        raise RuntimeError("the connection was meant to be refused")


@recorded()
def tcp_half_close(lab: Lab) -> None:
    """A half close: the client shuts down its sending side, the server still sends, then closes too."""
    client, server = lab.connect(7)
    client.sendall(b"that is all\n")
    client.shutdown(socket.SHUT_WR)
    while server.recv(2000):
        pass
    server.sendall(b"understood\n")
    server.sendall(b"goodbye\n")
    server.close()
    while client.recv(2000):
        pass
    client.close()


@recorded()
def tcp_reset(lab: Lab) -> None:
    """Two resets: the server closes with data unread, then the client aborts (SO_LINGER with a time of zero)."""
    client, server = lab.connect(7)
    client.sendall(b"nobody will read this\n")
    server.close()
    client.close()
    client, server = lab.connect(7, from_port=49153)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    server.close()


@recorded()
def tcp_urgent(lab: Lab) -> None:
    """Urgent data: one octet sent with MSG_OOB amid a stream."""
    client, server = lab.connect(7)
    client.sendall(b"calm")
    client.send(b"!", socket.MSG_OOB)
    client.sendall(b"calm again")
    client.close()
    while server.recv(2000):
        pass
    server.close()


@recorded()
def tcp_zero_window(lab: Lab) -> None:
    """A receiver that does not read: its window shrinks to zero, is probed, and opens when it reads."""
    client, server = lab.connect(7, receive_buffer=4096)
    for _ in range(10):
        client.sendall(bytes(1000))
    time.sleep(1)
    client.close()
    while server.recv(1 << 20):
        pass
    server.close()


@recorded()
def tcp_fast_open(lab: Lab) -> None:
    """TCP Fast Open: a first connection asks for a cookie, a second sends its data in the SYN with that cookie."""
    for host in (lab.client, lab.server):
        host.sysctl("ipv4/tcp_fastopen", 3)
    listener = lab.server.socket()
    listener.bind((SERVER, 7))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
    listener.listen(5)
    for port in (49152, 49153):
        client = lab.client.socket()
        client.bind((CLIENT, port))
        client.setblocking(True)  # with a timeout the first call would not wait for the handshake
        client.sendto(b"hello\n", MSG_FASTOPEN, (SERVER, 7))
        server, _ = listener.accept()
        echo_once(client, server, b"more\n")
    listener.close()


@recorded()
def mptcp(lab: Lab) -> None:
    """Multipath TCP over one path: MP_CAPABLE in the handshake, DSS with data, DATA_FIN at the end."""
    listener = lab.server.socket(protocol=socket.IPPROTO_MPTCP)
    listener.bind((SERVER, 7))
    listener.listen(1)
    client = lab.client.socket(protocol=socket.IPPROTO_MPTCP)
    client.bind((CLIENT, 49152))
    client.connect((SERVER, 7))
    server, _ = listener.accept()
    echo_once(client, server)
    listener.close()
    time.sleep(0.5)


@recorded(interface="lo")
def offloaded_checksums(lab: Lab) -> None:
    """TCP and UDP over the loopback interface, which leaves checksums to hardware it does not have: those recorded
    cover the pseudo-header alone."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        listener = lab.client.socket(family)
        listener.bind((address, 7))
        listener.listen(1)
        client = lab.client.socket(family)
        client.bind((address, 49152))
        client.connect((address, 7))
        server, _ = listener.accept()
        echo_once(client, server)
        listener.close()
        one = lab.client.datagrams(family, address, 7)
        other = lab.client.datagrams(family, address, 49152)
        other.sendto(b"hello\n", (address, 7))
        one.recv(2000)


# UDP and ICMP


@recorded()
def udp_exchange(lab: Lab) -> None:
    """A UDP datagram to the echo port and the answer, over IPv4 and IPv6, then an empty one."""
    for family, here, there in lab.addresses():
        server = lab.server.datagrams(family, there, 7)
        client = lab.client.datagrams(family, here, 49152)
        for data in (b"hello\n", b""):
            client.sendto(data, (there, 7))
            server.sendto(server.recv(2000), (here, 49152))
            client.recv(2000)


@recorded()
def udp_lite(lab: Lab) -> None:
    """UDP-Lite: one datagram wholly covered by its checksum, one of which only the first 12 octets are."""
    server = lab.server.datagrams(socket.AF_INET, SERVER, 7, IPPROTO_UDPLITE)
    client = lab.client.datagrams(socket.AF_INET, CLIENT, 49152, IPPROTO_UDPLITE)
    client.sendto(b"all of this matters", (SERVER, 7))
    client.setsockopt(IPPROTO_UDPLITE, UDPLITE_SEND_CSCOV, 12)
    client.sendto(b"only the start matters", (SERVER, 7))
    server.recv(2000)
    server.recv(2000)


@recorded()
def port_unreachable(lab: Lab) -> None:
    """A UDP datagram to a port nobody has, over IPv4 and IPv6: ICMP answers, quoting it."""
    for family, here, there in lab.addresses():
        lab.client.datagrams(family, here, 49152).sendto(b"anyone?", (there, 9999))


@recorded()
def fragments(lab: Lab) -> None:
    """A UDP datagram of 4000 octets and its answer, in fragments, over IPv4 and IPv6."""
    for family, here, there in lab.addresses():
        server = lab.server.datagrams(family, there, 7)
        client = lab.client.datagrams(family, here, 49152)
        client.sendto(bytes(range(250)) * 16, (there, 7))
        server.sendto(server.recv(5000), (here, 49152))
        client.recv(5000)


@recorded()
def ping(lab: Lab) -> None:
    """Echo requests and replies, over IPv4 and IPv6."""
    lab.client.sysctl("ipv4/ping_group_range", "0 0")
    for family, protocol, kind, address in (
        (socket.AF_INET, socket.IPPROTO_ICMP, 8, SERVER),
        (socket.AF_INET6, socket.IPPROTO_ICMPV6, 128, SERVER6),
    ):
        client = lab.client.socket(family, socket.SOCK_DGRAM, protocol)
        for sequence in (1, 2):
            client.sendto(struct.pack("!BBHHH", kind, 0, 0, 0, sequence) + bytes(range(56)), (address, 0))
            client.recv(2000)


@recorded()
def icmp_errors(lab: Lab) -> None:
    """What a router answers, over IPv4 and IPv6: time exceeded, unreachable, prohibited, no route, and too big for the
    next link."""
    server = lab.server
    server.ip("link", "add", "eth1", "mtu", "1280", "type", "veth", "peer", "name", "eth2")
    server.ip("link", "set", "eth1", "up")
    server.ip("link", "set", "eth2", "up")
    for network, narrow in (("198.51.100.%s", "203.0.113.0/24"), ("2001:db8:100::%s", "2001:db8:200::/64")):
        server.ip("route", "add", network % 1, "dev", "eth1")
        server.ip("route", "add", "unreachable", network % 2)
        server.ip("route", "add", "prohibit", network % 3)
        server.ip("route", "add", narrow, "dev", "eth1")
    lab.client.ip("route", "add", "default", "via", SERVER)
    lab.client.ip("route", "add", "default", "via", SERVER6)
    for family, here, network, narrow in (
        (socket.AF_INET, CLIENT, "198.51.100.%s", "203.0.113.1"),
        (socket.AF_INET6, CLIENT6, "2001:db8:100::%s", "2001:db8:200::1"),
    ):
        if family == socket.AF_INET:
            level, ttl, discover = socket.IPPROTO_IP, socket.IP_TTL, IP_MTU_DISCOVER
        else:
            level, ttl, discover = socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, IPV6_MTU_DISCOVER
        for port, (hops, to, size) in enumerate(
            (
                (1, network % 1, 16),
                (64, network % 2, 16),
                (64, network % 3, 16),
                (64, network % 4, 16),
                (64, narrow, 1400),
            ),
            49152,
        ):
            client = lab.client.datagrams(family, here, port)
            client.setsockopt(level, ttl, hops)
            client.setsockopt(level, discover, IP_PMTUDISC_DO)
            client.sendto(bytes(size), (to, 33434))
            time.sleep(0.5)  # a router rations its errors


# Neighbours and groups


@recorded(introduced=False)
def arp(lab: Lab) -> None:
    """ARP: the client asks who has the server's address before its first datagram, and asks in vain for another."""
    lab.server.datagrams(socket.AF_INET, SERVER, 7)
    client = lab.client.datagrams(socket.AF_INET, CLIENT, 49152)
    client.sendto(b"hello\n", (SERVER, 7))
    client.sendto(b"hello\n", ("192.0.2.3", 7))
    time.sleep(3.5)


@recorded(introduced=False)
def neighbour_discovery(lab: Lab) -> None:
    """Neighbour discovery: a router advertisement, the address made from its prefix and the test that nobody else has
    it, then a neighbour solicitation and its answer before a first datagram."""
    lab.client.sysctl("ipv6/conf/eth0/accept_dad", 1)
    advertisement = (
        Ether(src=lab.server.mac, dst="33:33:00:00:00:01")
        / IPv6(src=SERVER_LOCAL, dst="ff02::1", hlim=255)
        / ICMPv6ND_RA(routerlifetime=1800)
        / ICMPv6NDOptSrcLLAddr(lladdr=lab.server.mac)
        / ICMPv6NDOptMTU(mtu=1500)
        / ICMPv6NDOptPrefixInfo(prefix="2001:db8:1::", prefixlen=64, validlifetime=7200, preferredlifetime=3600)
        / ICMPv6NDOptRDNSS(dns=[SERVER6], lifetime=1800)
    )
    lab.server.send_frame(bytes(advertisement))
    time.sleep(2.5)
    lab.server.datagrams(socket.AF_INET6, SERVER6, 7)
    lab.client.datagrams(socket.AF_INET6, CLIENT6, 49152).sendto(b"hello\n", (SERVER6, 7))


@recorded()
def igmp(lab: Lab) -> None:
    """Joining and leaving an IPv4 group, with each version of IGMP in turn: reports, a query answered (versions 3
    and 2), leaves."""
    for version in (3, 2, 1):
        lab.client.sysctl("ipv4/conf/eth0/force_igmp_version", version)
        member = lab.client.socket(kind=socket.SOCK_DGRAM)
        membership = socket.inet_aton("233.252.0.1") + socket.inet_aton(CLIENT)  # RFC 6676
        member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        time.sleep(0.5)
        if version > 1:  # a host may take ten seconds to answer a query of version 1
            lab.server.send_frame(bytes(igmp_query(version)))
            time.sleep(0.5)
        member.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, membership)
        member.close()
        time.sleep(0.5)


def igmp_query(version: int) -> Ether:
    """A general query as a router of this version sends it (RFC 2236, RFC 3376)."""
    body = {
        2: bytes.fromhex("11 01 ee fe 00000000"),
        3: bytes.fromhex("11 01 ec 81 00000000 02 7d 0000"),
    }[version]
    header = IP(src=SERVER, dst="224.0.0.1", ttl=1, proto=2, options=b"\x94\x04\x00\x00")
    return Ether(src=SERVER_MAC, dst="01:00:5e:00:00:01") / header / body


@recorded()
def mld(lab: Lab) -> None:
    """Joining and leaving an IPv6 group, with each version of multicast listener discovery: reports, a query answered,
    done."""
    for version in (2, 1):
        lab.client.sysctl("ipv6/conf/eth0/force_mld_version", version)
        member = lab.client.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        with lab.client.inside():
            index = socket.if_nametoindex("eth0")
        membership = socket.inet_pton(socket.AF_INET6, "ff0e::db8:0:1") + struct.pack("@i", index)
        member.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
        time.sleep(0.5)
        query = (
            Ether(src=lab.server.mac, dst="33:33:00:00:00:01")
            / IPv6(src=SERVER_LOCAL, dst="ff02::1", hlim=1)
            / IPv6ExtHdrHopByHop(options=[RouterAlert()])
            / (ICMPv6MLQuery2(mrd=100) if version == 2 else ICMPv6MLQuery(mrd=100))
        )
        lab.server.send_frame(bytes(query))
        time.sleep(0.5)
        member.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_LEAVE_GROUP, membership)
        member.close()
        time.sleep(0.5)


# Applications


@recorded()
def dns(lab: Lab) -> None:
    """Domain names: A with a CNAME, AAAA, MX, a name that does not exist, and an answer too long for UDP, fetched again
    over TCP."""
    www, zone = "www.example.com.", "example.com."
    alias = DNSRR(rrname=www, type="CNAME", ttl=300, rdata=zone)
    authority = DNSRRSOA(rrname=zone, ttl=3600, mname="ns.example.com.", rname="hostmaster.example.com.", serial=1)
    long_text = [b"v=spf1 -all", b"x" * 255, b"y" * 255, b"z" * 255]
    questions = [
        (www, "A", {"an": [alias, DNSRR(rrname=zone, ttl=300, rdata=SERVER)]}),
        (zone, "AAAA", {"an": [DNSRR(rrname=zone, type="AAAA", ttl=300, rdata=SERVER6)]}),
        (zone, "MX", {"an": [DNSRRMX(rrname=zone, ttl=300, preference=10, exchange="mail.example.com.")]}),
        ("nowhere.example.com.", "A", {"rcode": 3, "ns": [authority]}),
        (zone, "TXT", {"tc": 1}),
    ]
    server = lab.server.datagrams(socket.AF_INET, SERVER, 53)
    client = lab.client.datagrams(socket.AF_INET, CLIENT, 49152)
    for identifier, (name, kind, answer) in enumerate(questions, 0x1001):
        question = DNSQR(qname=name, qtype=kind)
        client.sendto(bytes(DNS(id=identifier, qd=[question], ar=[DNSRROPT(rclass=1232)])), (SERVER, 53))
        server.recv(2000)
        reply = DNS(id=identifier, qr=1, aa=1, qd=[question], ar=[DNSRROPT(rclass=1232)], **answer)
        server.sendto(bytes(dns_compress(reply)), (CLIENT, 49152))
        client.recv(2000)

    asking, answering = lab.connect(53, from_port=49153)
    question = DNSQR(qname=zone, qtype="TXT")
    texts = DNSRR(rrname=zone, type="TXT", ttl=300, rdata=long_text)
    for sender, receiver, message in (
        (asking, answering, DNS(id=0x1006, qd=[question])),
        (answering, asking, dns_compress(DNS(id=0x1006, qr=1, aa=1, qd=[question], an=[texts]))),
    ):
        octets = bytes(message)
        sender.sendall(struct.pack("!H", len(octets)) + octets)
        receiver.recv(2000)
    asking.close()
    answering.close()


class WebServer(http.server.BaseHTTPRequestHandler):
    """A few pages."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is sent in one piece

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""

    def reply(self, status: int, kind: str, body: bytes) -> None:
        """One answer with its length."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """`/` is a page, `/pieces` comes in chunks, nothing else is there."""
        if self.path == "/":
            self.reply(200, "text/html; charset=utf-8", b"<!doctype html><title>rawcap</title><p>hello\n")
        elif self.path == "/pieces":
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"6\r\nhello \r\n6\r\nagain\n\r\n0\r\n\r\n")
        else:
            self.reply(404, "text/plain", b"no such page\n")

    def do_POST(self) -> None:
        """Give back what came."""
        self.reply(200, self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"])))


def browse(lab: Lab) -> None:
    """Four requests over one connection."""
    client, server = lab.connect(80)
    thread = Thread(target=WebServer, args=(server, (CLIENT, 49152), None))
    thread.start()
    connection = http.client.HTTPConnection("www.example.com")
    connection.sock = client
    for method, path, body in (("GET", "/", None), ("GET", "/pieces", None), ("GET", "/lost", None)):
        connection.request(method, path, body)
        connection.getresponse().read()
    connection.request("POST", "/", b'{"hello": "world"}', {"Content-Type": "application/json"})
    connection.getresponse().read()
    connection.close()
    thread.join()
    server.close()


@recorded()
def http_requests(lab: Lab) -> None:
    """HTTP/1.1: a page, a page in chunks, one that is not there and a POST, over one connection."""
    browse(lab)


@recorded(snaplen=96)
def snapped(lab: Lab) -> None:
    """HTTP/1.1 recorded with a snapshot length of 96 octets: long frames are cut short."""
    browse(lab)


def der(tag: int, *parts: bytes) -> bytes:
    """One value in the distinguished encoding rules of ASN.1 (X.690)."""
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    return bytes([tag, 0x82]) + struct.pack("!H", len(content)) + content


def certificate(name: str) -> str:
    """A key and a certificate for `name`, as PEM.

    The key is the first of RFC 8032, section 7.1, known to all, and the signature is zeros: enough to be shown.
    """
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    ed25519 = der(0x30, bytes.fromhex("06032b6570"))
    common_name = der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"), der(0x0C, name.encode()))))
    validity = der(0x30, der(0x17, b"240101000000Z"), der(0x17, b"340101000000Z"))
    alternative = der(0x30, bytes.fromhex("0603551d11"), der(0x04, der(0x30, der(0x82, name.encode()))))
    signed = der(
        0x30,
        der(0xA0, der(0x02, b"\x02")),
        der(0x02, b"\x01"),
        ed25519,
        common_name,
        validity,
        common_name,
        der(0x30, ed25519, der(0x03, b"\x00", public)),
        der(0xA3, der(0x30, alternative)),
    )
    documents = {
        "PRIVATE KEY": der(0x30, der(0x02, b"\x00"), ed25519, der(0x04, der(0x04, secret))),
        "CERTIFICATE": der(0x30, signed, ed25519, der(0x03, b"\x00", bytes(64))),
    }
    return "".join(
        f"-----BEGIN {label}-----\n{base64.encodebytes(document).decode()}-----END {label}-----\n"
        for label, document in documents.items()
    )


def speak_tls(lab: Lab, version: ssl.TLSVersion) -> None:
    """A TLS connection for www.example.com that offers h2 and http/1.1, one request and its answer."""
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder, "server.pem")
        pem.write_text(certificate("www.example.com"))
        served.load_cert_chain(pem)
    served.set_alpn_protocols(["http/1.1"])
    served.maximum_version = version
    asked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asked.check_hostname = False
    asked.verify_mode = ssl.CERT_NONE
    asked.set_alpn_protocols(["h2", "http/1.1"])
    client, server = lab.connect(443)

    def serve() -> None:
        with served.wrap_socket(server, server_side=True) as secure:
            secure.recv(2000)
            secure.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    thread = Thread(target=serve)
    thread.start()
    with asked.wrap_socket(client, server_hostname="www.example.com") as secure:
        secure.sendall(b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
        secure.recv(2000)
    thread.join()


@recorded()
def tls13(lab: Lab) -> None:
    """TLS 1.3: ClientHello with SNI and ALPN, ServerHello, and everything after it encrypted."""
    speak_tls(lab, ssl.TLSVersion.TLSv1_3)


@recorded()
def tls12(lab: Lab) -> None:
    """TLS 1.2: the whole handshake in the clear, with the certificate."""
    speak_tls(lab, ssl.TLSVersion.TLSv1_2)


@recorded()
def ntp(lab: Lab) -> None:
    """The time asked of a server, and its answer."""
    server = lab.server.datagrams(socket.AF_INET, SERVER, 123)
    client = lab.client.datagrams(socket.AF_INET, CLIENT, 49152)
    now = time.time() + 2208988800  # NTP counts from 1900
    client.sendto(bytes(NTPHeader(version=4, mode=3, ref_id=b"\0\0\0\0", sent=now)), (SERVER, 123))
    server.recv(2000)
    answer = NTPHeader(
        version=4,
        mode=4,
        stratum=2,
        precision=-20,
        delay=0.01,
        dispersion=0.02,
        id=SERVER,
        ref=now - 60,
        orig=now,
        recv=now + 0.0005,
        sent=now + 0.0006,
    )
    server.sendto(bytes(answer), (CLIENT, 49152))
    client.recv(2000)


@recorded()
def ssh_banner(lab: Lab) -> None:
    """The identification lines that open an SSH connection."""
    client, server = lab.connect(22)
    server.sendall(b"SSH-2.0-rawcap_0.1 example\r\n")
    client.recv(2000)
    client.sendall(b"SSH-2.0-rawcap_0.1\r\n")
    server.recv(2000)
    client.close()
    server.close()
