"""What is sealed opens again with the same key and purpose, and in no other way."""

from __future__ import annotations

import os
import pickle
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vacancy.secret import Secret
from vacancy.vault import KEY_FILE, Vault, VaultError, open_vault

KEY = bytes(range(32))
URL = "https://ical.booking.com/v1/export?t=0a1b2c3d-abcd"


@given(st.text(), st.text(max_size=20))
def test_what_is_sealed_opens(plain: str, purpose: str) -> None:
    """Any text, for any purpose; lone surrogates are no text."""
    vault = Vault(KEY)
    try:
        sealed = vault.seal(plain, purpose)
    except UnicodeEncodeError:
        return
    assert vault.open(sealed, purpose) == plain


@given(st.binary(), st.text(max_size=20))
def test_bytes_are_sealed_alike(plain: bytes, purpose: str) -> None:
    """What is no text opens to the same bytes."""
    vault = Vault(KEY)
    assert vault.open_bytes(vault.seal_bytes(plain, purpose), purpose) == plain


def test_sealing_shows_nothing() -> None:
    """Neither the text nor that two texts are equal."""
    vault = Vault(KEY)
    one, two = vault.seal(URL, "feed.url"), vault.seal(URL, "feed.url")
    assert one != two
    assert b"booking" not in one
    assert KEY not in one


def test_another_purpose_does_not_open_it() -> None:
    """A value moved to another column is worth nothing there."""
    vault = Vault(KEY)
    with pytest.raises(VaultError, match=r"export\.token.*damaged"):
        vault.open(vault.seal(URL, "feed.url"), "export.token")


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=7))
def test_a_flipped_bit_is_noticed(at: int, bit: int) -> None:
    """Anywhere in the sealed bytes, key id and nonce included."""
    vault = Vault(KEY)
    sealed = bytearray(vault.seal(URL, "feed.url"))
    sealed[at % len(sealed)] ^= 1 << bit
    with pytest.raises(VaultError):
        vault.open(bytes(sealed), "feed.url")


@pytest.mark.parametrize("length", [0, 1, 8, 20, 35])
def test_a_cut_value_is_noticed(length: int) -> None:
    """With a sentence, not with an error of the library."""
    vault = Vault(KEY)
    with pytest.raises(VaultError, match="cut short"):
        vault.open(vault.seal("", "p")[:length], "p")


def test_the_wrong_key_says_so() -> None:
    """A database restored beside another key is a usual mishap."""
    sealed = Vault(KEY).seal(URL, "feed.url")
    with pytest.raises(VaultError, match=rf"another key.*{KEY_FILE}") as refused:
        Vault(bytes(32)).open(sealed, "feed.url")
    assert "booking" not in str(refused.value)


def test_a_fingerprint_tells_texts_apart() -> None:
    """By the key: without it a guessed address cannot be checked."""
    vault = Vault(KEY)
    assert vault.fingerprint(URL) == Vault(KEY).fingerprint(URL)
    assert vault.fingerprint(URL) != vault.fingerprint(URL + "x")
    assert vault.fingerprint(URL) != Vault(bytes(32)).fingerprint(URL)
    assert len(vault.fingerprint(URL)) == 32


def test_a_new_house_makes_its_key(tmp_path: Path) -> None:
    """Directory 0700, file 0600, whatever the umask; the next start finds the same key."""
    data_dir = tmp_path / "var" / "vacancy"
    before = os.umask(0)
    try:
        vault = open_vault(data_dir)
    finally:
        os.umask(before)
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / KEY_FILE).stat().st_mode) == 0o600
    assert open_vault(data_dir).open(vault.seal(URL, "p"), "p") == URL


def test_whoever_comes_at_once_finds_one_key(tmp_path: Path) -> None:
    """Never half of one: who was slower takes the key of who was quicker."""
    for house in range(20):
        together = Barrier(8)

        def found(house: int = house, together: Barrier = together) -> bytes:
            together.wait(10)
            return open_vault(tmp_path / str(house)).key_id

        with ThreadPoolExecutor(8) as pool:
            keys = [pool.submit(found) for _ in range(8)]
            assert len({key.result() for key in keys}) == 1
        assert [file.name for file in (tmp_path / str(house)).iterdir()] == [KEY_FILE]


def test_two_houses_have_two_keys(tmp_path: Path) -> None:
    """The key is chance."""
    assert open_vault(tmp_path / "a").key_id != open_vault(tmp_path / "b").key_id


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """The sentence holds the command that mends it."""
    open_vault(tmp_path)
    (tmp_path / KEY_FILE).chmod(mode)
    with pytest.raises(VaultError, match="chmod 600"):
        open_vault(tmp_path)


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    """Empty, cut, or with a letter changed: never a key by accident, never a new one."""
    open_vault(tmp_path)
    file = tmp_path / KEY_FILE
    whole = file.read_bytes()
    at = len(whole) // 2
    other = b"A" if whole[at : at + 1] != b"A" else b"B"
    for damaged in (b"", b"\xff\xfe", whole[:30], whole[:at] + other + whole[at + 1 :], b"a b c"):
        file.write_bytes(damaged)
        with pytest.raises(VaultError, match="damaged: put its backup back"):
            open_vault(tmp_path)
        assert file.read_bytes() == damaged


def test_a_data_dir_that_is_none_is_refused(tmp_path: Path) -> None:
    """A file in its place gives a sentence."""
    (tmp_path / "var").write_text("no directory")
    with pytest.raises(VaultError, match="check data_dir"):
        open_vault(tmp_path / "var")


def test_a_secret_shows_host_and_last_letters() -> None:
    """Enough to tell two addresses apart, not enough to use one."""
    secret = Secret(URL)
    assert str(secret) == f"{secret}" == "ical.booking.com/…abcd"
    assert repr([secret]) == "[Secret(ical.booking.com/…abcd)]"
    assert secret.reveal() == URL


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://127.0.0.1:9001/calendar/1.ics?t=xyz-1234", "127.0.0.1:9001/…1234"),
        ("webcal://user:pw@host.test/a/long/path.ics", "host.test/….ics"),
        ("https://[::1]:80/a-long-enough-path", "[::1]:80/…path"),
        ("https://host.test/short", "host.test/…"),
        ("https://host.test", "host.test/…"),
        ("whsec_0123456789", "…6789"),
        ("short", "…"),
        ("", "…"),
        ("https://[broken/abcdefghijklmnop", "…"),
    ],
)
def test_what_a_secret_shows(text: str, shown: str) -> None:
    """Of a short text nothing, of a user name and a password nothing."""
    assert str(Secret(text)) == shown


def test_a_secret_is_a_value_that_stays_here() -> None:
    """Equal by text, usable as a key, never pickled."""
    assert Secret(URL) == Secret(URL) != Secret("other")
    assert len({Secret(URL), Secret(URL)}) == 1
    with pytest.raises(TypeError, match="vault"):
        pickle.dumps(Secret(URL))
