"""Retry-After is read as RFC 9110 has it, and anything else says nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vacancy.net.retry_after import LONGEST, read_retry_after


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("120", timedelta(seconds=120)),
        ("0", timedelta(0)),
        ("1000000000", LONGEST),
        ("9" * 400, LONGEST),
        ("Mon, 01 Feb 2027 10:00:00 GMT", datetime(2027, 2, 1, 10, tzinfo=UTC)),
        ("Mon, 01 Feb 2027 10:00:00 +0200", datetime(2027, 2, 1, 8, tzinfo=UTC)),
        ("Mon, 01 Feb 2027 10:00:00", datetime(2027, 2, 1, 10, tzinfo=UTC)),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("\u0661\u0662", None),
        ("Mon, 01 Feb 99999 10:00:00 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(
    value: str | None, read: timedelta | datetime | None
) -> None:
    """Anything else says nothing."""
    assert read_retry_after(value) == read


@given(st.text(max_size=60))
def test_retry_after_never_raises(value: str) -> None:
    """It stands in a header that anyone may write."""
    read = read_retry_after(value)
    assert read is None or isinstance(read, timedelta) or read.tzinfo is not None
