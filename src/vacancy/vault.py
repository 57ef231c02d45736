"""Keeps secrets at rest: AES-GCM under one key, which lies in a file beside the data.

Sealed bytes are the key's id (8), a nonce (12) and the ciphertext with its tag; the purpose, such
as `feed.url`, is bound to them, so that a value moved to another column does not open.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
import stat
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

KEY_FILE = "vacancy.key"

_KEY = 32
_ID = 8
_NONCE = 12
_TAG = 16
_MARK = "vacancy-key-1"


class VaultError(Exception):
    """The key or what it sealed cannot be used; the text says what to do."""


class Vault:
    """Seals and opens under one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY:
            raise VaultError(f"a key has {_KEY} bytes, not {len(key)}")
        self._cipher = AESGCM(_derive(key, b"seal"))
        self._marker = _derive(key, b"fingerprint")
        self.key_id = _derive(key, b"id")[:_ID]

    def seal(self, plain: str, purpose: str) -> bytes:
        """Key id, nonce, ciphertext. The same text seals to other bytes each time."""
        return self.seal_bytes(plain.encode(), purpose)

    def open(self, sealed: bytes, purpose: str) -> str:
        """The text that was sealed for this purpose. Raises VaultError."""
        return self.open_bytes(sealed, purpose).decode()

    def seal_bytes(self, plain: bytes, purpose: str) -> bytes:
        """As `seal`, for what is no text."""
        nonce = os.urandom(_NONCE)
        return self.key_id + nonce + self._cipher.encrypt(nonce, plain, _context(purpose))

    def open_bytes(self, sealed: bytes, purpose: str) -> bytes:
        """The bytes that were sealed for this purpose. Raises VaultError."""
        if len(sealed) < _ID + _NONCE + _TAG:
            raise VaultError("a sealed value is cut short: put the database's backup back")
        if sealed[:_ID] != self.key_id:
            raise VaultError(
                f"this database was sealed with another key: put the {KEY_FILE} that belongs to it "
                "into data_dir, or enter the addresses anew"
            )
        nonce, rest = sealed[_ID : _ID + _NONCE], sealed[_ID + _NONCE :]
        try:
            return self._cipher.decrypt(nonce, rest, _context(purpose))
        except InvalidTag:
            raise VaultError(
                f"a sealed value ({purpose}) is damaged: put the database's backup back, "
                "or enter it anew"
            ) from None

    def fits(self, sealed: bytes) -> bool:
        """Whether it was sealed under this key."""
        return sealed[:_ID] == self.key_id

    def fingerprint(self, text: str) -> str:
        """32 hex digits that tell whether a text changed, and nothing else without the key."""
        return hmac.digest(self._marker, text.encode(), "sha256").hex()[:32]


def open_vault(data_dir: Path) -> Vault:
    """The vault whose key lies in `data_dir`; makes both where missing. Raises VaultError."""
    file = data_dir / KEY_FILE
    try:
        if not file.exists():
            _create(file)
        return Vault(_parse(file, _read(file)))
    except OSError as error:
        raise VaultError(f"{file} cannot be used: {error.strerror}; check data_dir") from None


def _derive(key: bytes, use: bytes) -> bytes:
    return HKDFExpand(SHA256(), _KEY, b"vacancy " + use).derive(key)


def _context(purpose: str) -> bytes:
    return purpose.encode()


def _create(file: Path) -> None:
    """Make a key, whole before it has its name: nobody reads half of one, or a second one."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if file.exists():  # another process was quicker: its key is the key
            return
        with NamedTemporaryFile(dir=file.parent, prefix=f"{file.name}.", delete=False) as stream:
            stream.write(_spell(os.urandom(_KEY)))
            stream.flush()
            os.fsync(stream.fileno())
        Path(stream.name).replace(file)
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(file: Path) -> bytes:
    with file.open("rb") as stream:
        mode = os.fstat(stream.fileno()).st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise VaultError(f"{file} can be read by others: run `chmod 600 {file}`")
        return stream.read(1024)


def _spell(key: bytes) -> bytes:
    return f"{_MARK} {base64.b64encode(key).decode()} {_check(key)}\n".encode()


def _check(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:8]


def _parse(file: Path, content: bytes) -> bytes:
    try:
        mark, spelt, check = content.decode("ascii").split()
        key = base64.b64decode(spelt, validate=True)
    except (ValueError, binascii.Error):
        mark, key, check = "", b"", ""
    if mark != _MARK or len(key) != _KEY or check != _check(key):
        raise VaultError(
            f"{file} is damaged: put its backup back; only if nothing was stored yet, delete it "
            "and a new one is made"
        )
    return key
