"""Reads a journal by its documented bytes alone, with a checksum of its own, and prints one record a line."""
import pathlib
import struct
import sys

TABLE = []
for n in range(256):
    for _ in range(8):
        n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
    TABLE.append(n)


def crc32c(data, value=0):
    value ^= 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ TABLE[(value ^ byte) & 255]
    return value ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283  # the check value of the CRC catalogue

expected = 0
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.seg")):
    data = path.read_bytes()
    magic, version, number = struct.unpack_from("<8sII", data)
    session = data[16:32]
    first_seq, first_ns, segment_bytes = struct.unpack_from("<QQQ", data, 32)
    assert magic == b"XTJOURNL" and version == 1 and number == int(path.stem)
    assert struct.unpack_from("<I", data, 60)[0] == crc32c(data[:60])
    assert first_seq == expected, (path, first_seq, expected)
    at = 64
    while at < len(data):
        total, length, kind, flags = struct.unpack_from("<IHBB", data, at)
        if kind == 0:
            assert not any(data[at:])
            break
        body = data[at + 4 : at + 8] + data[at + 8 : at + 8 + length]
        assert total == crc32c(body, crc32c(session)) ^ (expected & 0xFFFFFFFF), (path, at)
        if kind != 255:
            print(expected, kind, flags, data[at + 8 : at + 8 + length].hex())
        expected += 1
        at += (8 + length + 7) // 8 * 8
