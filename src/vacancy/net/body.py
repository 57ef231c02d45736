"""One answer's bytes: gathered within bounds, and inflated only if the compression is whole."""

from __future__ import annotations

import zlib

_GZIP = b"\x1f\x8b"
_IDENTITY = frozenset({"", "identity"})
_NAMES = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}


class BadBody(Exception):
    """The bytes cannot be used: too_large, too_large_inflated, bad_compression, cut_compression,
    unknown_encoding."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Body:
    """Takes the bytes as they came over the wire, one chunk after another.

    `raw` bounds these, `inflated` what they become; neither is ever exceeded in memory. Bytes that
    follow the end of the compression are let go, as browsers do; a further gzip member is read.
    """

    def __init__(self, encoding: str, raw: int, inflated: int) -> None:
        name = encoding.strip().lower()
        if name not in _IDENTITY and name not in _NAMES:
            raise BadBody("unknown_encoding")
        self._encoding = _NAMES.get(name)
        self._raw_room = raw
        self._room = inflated
        self._pieces: list[bytes] = []
        self._stream = None
        self._begun = False
        self._whole = False
        self._held = b""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes. Raises BadBody as soon as they cannot be used."""
        self._raw_room -= len(chunk)
        if self._raw_room < 0:
            raise BadBody("too_large")
        self._begun = True
        if self._encoding is None:
            self._take(chunk, "too_large")
        else:
            self._inflate(self._held + chunk)

    def finish(self) -> bytes:
        """All of the body, when the last byte has come. Raises BadBody if compression was cut."""
        if self._encoding and self._begun and not (self._whole and self._stream is None):
            raise BadBody("cut_compression")
        return b"".join(self._pieces)

    def _inflate(self, data: bytes) -> None:
        self._held = b""
        while data:
            if self._stream is None:
                if len(data) < len(_GZIP):
                    self._held = data
                    return
                if self._whole and not self._goes_on(data):
                    return
                self._stream = zlib.decompressobj(self._window(data))
            try:
                # One byte over the bound is enough to know, and nothing more is made of it.
                piece = self._stream.decompress(data, self._room + 1)
            except zlib.error:
                raise BadBody("bad_compression") from None
            self._take(piece, "too_large_inflated")
            if not self._stream.eof:
                return
            data, self._stream, self._whole = self._stream.unused_data, None, True

    def _goes_on(self, data: bytes) -> bool:
        return self._encoding == "gzip" and data.startswith(_GZIP)

    def _window(self, head: bytes) -> int:
        """What zlib is to expect. Servers mean two things by deflate: zlib's frame, or none."""
        if self._encoding == "gzip":
            return 16 + zlib.MAX_WBITS
        framed = head[0] & 15 == zlib.DEFLATED and int.from_bytes(head[:2]) % 31 == 0
        return zlib.MAX_WBITS if framed else -zlib.MAX_WBITS

    def _take(self, piece: bytes, reason: str) -> None:
        self._room -= len(piece)
        if self._room < 0:
            raise BadBody(reason)
        self._pieces.append(piece)
