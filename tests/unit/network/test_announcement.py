"""Frames that tell neighbours of hardware addresses, byte by byte."""

import ipaddress

from pydock.network.announcement import frame

MAC = bytes.fromhex("0242ac110009")


def test_an_arp_request_for_oneself() -> None:
    expected = "ffffffffffff 0242ac110009 0806 0001 0800 06 04 0001 0242ac110009 c6121e09 000000000000 c6121e09"
    assert frame(MAC, ipaddress.ip_address("198.18.30.9")) == bytes.fromhex(expected)


def test_an_unsolicited_neighbor_advertisement() -> None:
    made = frame(MAC, ipaddress.ip_address("fd00::9"))
    header, addresses, message = made[:22], made[22:54], made[54:]
    assert header == bytes.fromhex("333300000001 0242ac110009 86dd 60000000 0020 3a ff")
    assert addresses == bytes.fromhex("fd000000000000000000000000000009 ff020000000000000000000000000001")
    assert message[:2] + message[4:] == bytes.fromhex(
        "8800 20000000 fd000000000000000000000000000009 0201 0242ac110009"
    )
    pseudo = addresses + (32).to_bytes(4, "big") + bytes((0, 0, 0, 58)) + message
    total = sum(int.from_bytes(pseudo[at : at + 2], "big") for at in range(0, len(pseudo), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF  # the checksum is right
