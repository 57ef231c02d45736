"""One message to one address: what arrives, what is said when it does not, what is never said."""

from __future__ import annotations

from notifier.receiving import Receiver
from vacancy.notifier.send import NOT_TAKEN, UNREADABLE, Message, receiver_of, send, shown

HELLO = Message("A title", "A body.\nIn two lines.")


def test_a_message_arrives_whole() -> None:
    """Title and body as they were given."""
    with Receiver().open() as receiver:
        assert send(receiver.address, HELLO) is None
        (message,) = receiver.messages
    assert (message["title"], message["message"]) == (HELLO.title, HELLO.body)


def test_what_was_in_vain_says_why() -> None:
    """A refusal, nobody there, and an address that is none; never an error, never the address."""
    with Receiver().open() as receiver:
        receiver.status = 500
        assert send(receiver.address, HELLO) == NOT_TAKEN
        gone = receiver.address
    assert send(gone, HELLO) == NOT_TAKEN
    assert send("no address at all", HELLO) == UNREADABLE
    assert send("nonsense://secret", HELLO) == UNREADABLE


def test_an_address_is_named_without_being_told() -> None:
    """The same name for the same address, and only how it is reached."""
    assert receiver_of("ntfy://secret") == receiver_of("ntfy://secret")
    assert receiver_of("ntfy://secret") != receiver_of("ntfy://other")
    assert shown("mailtos://me:password@example.com") == "mailtos://…"
    assert shown("secret") == "…"
