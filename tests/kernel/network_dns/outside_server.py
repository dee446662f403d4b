"""A DNS server of the outside, run by the tests in a network namespace: ``outside_server.py ADDRESS [CODE]``.

What it says depends on the name: ``big.test`` is cut off by UDP, ``silent.test`` gets no answer, ``forged.test`` gets a
forged one first, ``no.test`` does not exist, all others have one address.  With CODE it answers all with that code.
"""

import socket
import struct
import sys
import threading

OPT = b"\0\0\x29"


def answer(query: bytes, code: int, by_tcp: bool) -> list[bytes]:
    end = query.index(b"\0", 12) + 5
    name = query[12 : end - 5]
    head = query[:2]
    if b"silent" in name:
        return []
    count, flags, body = 1, 0x8180, b"\xc0\x0c" + struct.pack(">HHIH4B", 1, 1, 60, 4, 192, 0, 2, 1)
    if code or b"\x02no" in name:
        count, flags, body = 0, 0x8180 | (code or 3), b""
    elif b"big" in name:
        if by_tcp:
            count, body = 100, body * 100
        else:
            count, flags, body = 0, 0x8380, b""
    elif OPT in query[end:]:  # tells that it came
        body = body[:-4] + bytes((192, 0, 2, 41))
    real = head + struct.pack(">HHHHH", flags, 1, count, 0, 0) + query[12:end] + body
    if b"forged" in name:
        false = bytes((head[0] ^ 1, head[1])) + real[2:-4] + b"\6\6\6\6"
        other = head + real[2:12] + real[12:].replace(b"forged", b"target")
        return [b"", b"x", false, other, real]
    return [real]


def serve_tcp(listener: socket.socket, code: int) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            data = connection.recv(65536)
            for reply in answer(data[2:], code, True):
                message = len(reply).to_bytes(2) + reply
                connection.sendall(message[:7])
                connection.sendall(message[7:])


def main() -> None:
    address, code = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    udp = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    tcp = socket.socket(udp.family)
    udp.bind((address, 53))
    tcp.bind((address, 53))
    tcp.listen()
    threading.Thread(target=serve_tcp, args=(tcp, code), daemon=True).start()
    print("ready", flush=True)
    while True:
        query, client = udp.recvfrom(65535)
        for reply in answer(query, code, False):
            udp.sendto(reply, client)


if __name__ == "__main__":
    main()
