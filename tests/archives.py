"""Zip archives that are not as they should be."""

from __future__ import annotations


def locked(content: bytes) -> bytes:
    """Mark every member of an archive as one with a password, where it stands and in the directory."""
    found = bytearray(content)
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = found.find(header)
        while at >= 0:
            found[at + flags] |= 1
            at = found.find(header, at + flags)
    return bytes(found)
