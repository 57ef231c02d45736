"""What is printed: one document for programs, a table for people, one sentence for a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Host


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("status",), {"now", "units"}),
        (("calendar",), {"from", "to", "data"}),
        (("calendar", "sea-view"), {"from", "to", "data"}),
        (("bookings",), {"data"}),
        (("conflicts",), {"data"}),
        (("events",), {"data", "next_cursor"}),
        (("exports",), {"data"}),
        (("config", "diff"), {"data"}),
        (("db", "check"), {"ok", "problems"}),
        (("db", "upgrade"), {"version", "upgraded"}),
        (("keys", "list"), {"data"}),
        (("users", "list"), {"data"}),
        (("doctor",), {"ok", "findings"}),
    ],
)
def test_each_prints_one_document_or_something_to_read(
    host: Host, words: tuple[str, ...], keys: set[str]
) -> None:
    """On an empty store too."""
    host.run("status")
    ran = host.run(*words, "--json")
    assert ran.code == 0
    assert set(ran.document) == keys
    assert host.run(*words).out.strip()


def test_what_ends_a_key_tells_it_as_a_document_too(host: Host) -> None:
    """`--json` is taken by every command that answers something."""
    key = host.run("users", "create", "Ann", "--json").document
    listed = host.run("keys", "list", "--json").document["data"]
    ended = host.run("keys", "revoke", listed[0]["id"], "--json").document
    assert ended == {"id": listed[0]["id"], "revoked": True}
    reset = host.run("users", "reset", key["id"], "--json").document
    assert "/set-up/" in reset.pop("link")
    assert reset == {"user": key["id"], "revoked": 0}
    assert host.run("db", "backup", "--json").document["file"].endswith(".db")
    assert host.run("openapi", "--json").document == host.run("openapi").document


def test_a_direct_booking_takes_its_nights(host: Host) -> None:
    """Booked, seen everywhere, refused to the next, canceled, free again."""
    booked = host.run("book", "sea-view", "2027-02-03", "2027-02-05", "--json").document
    assert {key: booked[key] for key in ("unit", "channel", "kind", "status", "arrival")} == {
        "unit": "sea-view",
        "channel": "direct",
        "kind": "reservation",
        "status": "confirmed",
        "arrival": "2027-02-03",
    }
    assert booked["uids"] == []
    taken = host.run("block", "sea-view", "2027-02-04", "2027-02-06")
    assert (taken.code, taken.out) == (1, "")
    assert "2027-02-04" in taken.err
    nights = host.run("calendar", "sea-view", "--json").document["data"][0]["nights"]
    assert [night["night"] for night in nights] == ["2027-02-03", "2027-02-04"]
    assert "2027-02  ..RR." in host.run("calendar").out
    assert host.run("bookings", "--json").document["data"] == [booked]
    canceled = host.run("cancel", booked["id"], "--json")
    assert canceled.document["status"] == "canceled"
    assert host.run("cancel", booked["id"]).code == 1
    assert host.run("block", "sea-view", "2027-02-04", "2027-02-06", "--json").code == 0
    told = [event["type"] for event in host.run("events", "--json").document["data"]]
    assert told == ["config.applied", "booking.created", "booking.canceled", "block.created"]


def test_a_turnover_is_fine(host: Host) -> None:
    """One leaves on the day the next arrives."""
    assert host.run("book", "sea-view", "2027-02-03", "2027-02-05").code == 0
    assert host.run("book", "sea-view", "2027-02-05", "2027-02-06").code == 0
    assert host.run("conflicts", "--json").document["data"] == []


def test_bookings_are_narrowed(host: Host) -> None:
    """By unit, channel, kind and status, each a known word."""
    host.run("book", "sea-view", "2027-02-03", "2027-02-05")
    host.run("block", "sea-view", "2027-02-10", "2027-02-12")
    for words, count in (
        (("--kind", "block"), 1),
        (("--status", "confirmed"), 2),
        (("--status", "canceled"), 0),
        (("--channel", "direct", "--unit", "sea-view"), 2),
        (("--channel", "airbnb"), 0),
        (("--from", "2027-02-05"), 1),
        (("--from", "2027-02-04", "--to", "2027-02-11"), 2),
        (("--to", "2027-02-03"), 0),
    ):
        assert len(host.run("bookings", *words, "--json").document["data"]) == count
    for words in (
        ("--kind", "stay"),
        ("--status", "gone"),
        ("--unit", "x"),
        ("--channel", "bnb"),
        ("--from", "x"),
    ):
        assert host.run("bookings", *words).code == 2


def test_events_go_on_from_a_cursor(host: Host) -> None:
    """What `next_cursor` gave is where the next look begins."""
    first = host.run("events", "--json").document
    host.run("block", "sea-view", "2027-02-10", "2027-02-12")
    later = host.run("events", "--after", first["next_cursor"], "--json").document
    assert [event["type"] for event in later["data"]] == ["block.created"]
    last = host.run("events", "--after", later["next_cursor"], "--json").document
    assert last == {"data": [], "next_cursor": later["next_cursor"]}
    assert host.run("events", "--after", "x").code == 2


def test_exports_show_their_addresses(host: Host) -> None:
    """One for the feed and one for everyone; they begin with `public_url`, once it is set."""
    ran = host.run("exports", "--json")
    assert "public_url" in ran.err
    assert [(one["key"], one["feed"]) for one in ran.document["data"]] == [
        ("airbnb", "airbnb"),
        ("everyone", None),
    ]
    host.config('[server]\npublic_url = "https://cal.example.com"\n' + _config(host))
    again = host.run("exports", "--unit", "sea-view", "--json")
    assert again.err == ""
    for one, before in zip(again.document["data"], ran.document["data"], strict=True):
        assert one["url"].startswith("https://cal.example.com/ical/")
        assert one["url"].rsplit("/", 1) == [
            "https://cal.example.com/ical",
            before["url"].rsplit("/", 1)[1],
        ]
    assert host.run("exports", "publish", "sea-view").code == 0
    assert host.run("exports", "publish", "nowhere").code == 2
    assert host.run("exports", "--unit", "nowhere").code == 2


def _config(host: Host) -> str:
    return (host.folder / "vacancy.toml").read_text()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nonsense",), 2, "nonsense"),
        (("status", "--nope"), 2, "--nope"),
        (("book", "sea-view"), 2, "ARRIVAL"),
        (("book", "nowhere", "2027-02-03", "2027-02-05"), 2, "'nowhere'"),
        (("book", "sea-view", "3 Feb", "2027-02-05"), 2, "2027-02-03"),
        (("book", "sea-view", "2027-02-30", "2027-03-05"), 2, "'2027-02-30'"),
        (("book", "sea-view", "2027-02-05", "2027-02-05"), 2, "later than"),
        (("book", "sea-view", "2027-02-05", "2029-02-05"), 2, "at most"),
        (("book", "sea-view", "2026-02-03", "2026-02-05"), 2, "over"),
        (("book", "sea-view", "9999-02-03", "9999-02-05"), 2, "'9999-02-03'"),
        (("book", "sea-view", "2027-W05-3", "2027-02-05"), 2, "'2027-W05-3'"),
        (("bookings", "--unit", "\udcff"), 2, "UTF-8"),
        (("cancel", "stay_none"), 2, "stay_none"),
        (("release", "stay_none"), 2, "stay_none"),
        (("feeds", "accept", "nothing"), 2, "nothing"),
        (("feeds", "accept", "airbnb"), 1, "nothing is in doubt"),
        (("feeds", "reject", "sea-view/airbnb"), 1, "nothing is in doubt"),
        (("calendar", "nowhere"), 2, "'nowhere'"),
        (("config", "apply", "--remove", "sea-view"), 1, "take it out first"),
        (("check", "none.ics"), 2, "none.ics"),
        (("check", "none.ics", "--timezone", "Lisbon"), 2, "'Lisbon'"),
        (("check", "none.ics", "--today", "now"), 2, "'now'"),
        (("serve", "--roles", "cook"), 2, "'cook'"),
    ],
)
def test_a_mistake_is_one_sentence(
    host: Host, words: tuple[str, ...], code: int, said: str
) -> None:
    """On stderr, with the exit code that says whose it is; stdout stays empty."""
    ran = host.run(*words)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_a_direct_stay_is_not_released(host: Host) -> None:
    """It is canceled instead."""
    stay = host.run("book", "sea-view", "2027-02-03", "2027-02-05", "--json").document
    ran = host.run("release", stay["id"])
    assert ran.code == 1
    assert "vacancy cancel" in ran.err


def test_a_backup_is_whole_and_ours_alone(host: Host) -> None:
    """A copy while the store is in use; never over another file."""
    host.run("book", "sea-view", "2027-02-03", "2027-02-05")
    ran = host.run("db", "backup", "copy.db")
    assert ran.code == 0
    assert (host.folder / "copy.db").stat().st_mode & 0o777 == 0o600
    assert host.run("db", "backup", "copy.db").code == 1
    host.config('[server]\ndatabase = "sqlite:///copy.db"\n' + _config(host))
    assert host.run("db", "check").code == 0
    assert len(host.run("bookings", "--json").document["data"]) == 1


def test_the_doctor_says_what_to_do(host: Host) -> None:
    """A key that others can read is bad; an export that nobody reads is worth a look."""
    ran = host.run("doctor", "--json")
    assert ran.code == 0
    looked = {one["what"]: one["verdict"] for one in ran.document["findings"]}
    assert looked["config"] == looked["database"] == looked["clock"] == "ok"
    assert looked["public_url"] == looked["export sea-view/airbnb"] == "warn"
    (host.folder / "var").chmod(0o777)
    worse = host.run("doctor")
    assert worse.code == 1
    assert "chmod go-w" in worse.out
