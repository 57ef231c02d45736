"""How a system's webhook is told from a forgery."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from vacancy.sources.signatures import signed

NOW = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of pure secret!").decode()
BODY = b'{"type":"booking.created","data":{"id":"b1"}}'
NAMED = ("x-signature",)


def digest(told: bytes, secret: str = SECRET) -> bytes:
    return hmac.digest(secret.encode(), told, "sha256")


def standard(at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, BODY.decode()),
    }


def stamped(at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    made = int(at.timestamp())
    return {"x-signature": f"t={made},v1={digest(f'{made}.'.encode() + BODY, secret).hex()}"}


FORMS = {
    "standard": standard(),
    "stamped": stamped(),
    "hex": {"x-signature": digest(BODY).hex()},
    "upper": {"x-signature": digest(BODY).hex().upper()},
    "named hex": {"x-signature": f"sha256={digest(BODY).hex()}"},
    "base 64": {"x-signature": base64.b64encode(digest(BODY)).decode()},
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_read(form: str) -> None:
    """A true signature is known in every way that systems write it."""
    assert signed(FORMS[form], BODY, SECRET, NOW, NAMED)


@pytest.mark.parametrize("form", FORMS)
def test_another_body_is_not_signed(form: str) -> None:
    """A signature belongs to its body alone."""
    assert not signed(FORMS[form], BODY.replace(b"b1", b"b2"), SECRET, NOW, NAMED)


@pytest.mark.parametrize("form", FORMS)
def test_another_secret_does_not_open_it(form: str) -> None:
    """Who does not know the secret cannot sign."""
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    assert not signed(FORMS[form], BODY, other, NOW, NAMED)
    assert not signed(FORMS[form], BODY, "", NOW, NAMED)


@pytest.mark.parametrize("hours", [-1, 1])
@pytest.mark.parametrize("form", [standard, stamped])
def test_a_signature_that_says_when_grows_old(form, hours: int) -> None:
    """A replay of an hour ago, or a signature from the future, is none."""
    assert not signed(form(NOW + timedelta(hours=hours)), BODY, SECRET, NOW, NAMED)


def test_a_header_that_the_system_does_not_sign_in_says_nothing() -> None:
    """Only the named headers are looked at."""
    assert not signed({"x-other": digest(BODY).hex()}, BODY, SECRET, NOW, NAMED)
    assert not signed({}, BODY, SECRET, NOW, NAMED)


@given(header=st.text(max_size=80), made=st.text(max_size=30), body=st.binary(max_size=40))
def test_nothing_that_is_sent_raises(header: str, made: str, body: bytes) -> None:
    """Whatever a stranger sends is answered no."""
    told = {
        "webhook-id": header,
        "webhook-timestamp": made,
        "webhook-signature": f"v1,{header}",
        "x-signature": f"t={made},v1={header}",
    }
    assert not signed(told, body, SECRET, NOW, NAMED)
    assert not signed({"x-signature": header}, body, SECRET, NOW, NAMED)
