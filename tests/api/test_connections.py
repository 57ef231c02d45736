"""Feeds and exports over the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.asking import URL, ApiHouse
from api.feeding import fed
from calendars import airbnb
from vacancy.poller.fetch import Failed
from vacancy.publisher.cache import ExportCache
from vacancy.store.exports import Reading, record_readings


def a_feed(api: ApiHouse, **more: object) -> dict[str, object]:
    unit = api.a_unit()
    return api.post("/v1/feeds", {"unit_id": unit["id"], "channel": "airbnb", "url": URL, **more})


def test_a_feed_never_tells_its_address(api: ApiHouse) -> None:
    """Host and last letters are all that any answer shows of it."""
    feed = a_feed(api)
    assert feed["address"] == "www.airbnb.com/…abcd"
    for path in ("/v1/feeds", f"/v1/feeds/{feed['id']}", "/v1/events"):
        assert "SECRET" not in api.ask("GET", path).text


def test_a_feed_comes_with_the_export_made_for_it(api: ApiHouse) -> None:
    """What the channel is to import is there at once, and leaves out the channel's own stays."""
    feed = a_feed(api)
    (export,) = api.get("/v1/exports")["data"]
    assert (export["key"], export["feed_id"]) == ("airbnb", feed["id"])
    assert export["url"].startswith("http://127.0.0.1:8460/ical/")


def test_a_second_feed_of_a_channel_gets_a_key_of_its_own(api: ApiHouse) -> None:
    """Two listings of one unit on one channel."""
    feed = a_feed(api)
    wish = {"unit_id": feed["unit_id"], "channel": "airbnb", "url": URL + "2"}
    assert api.post("/v1/feeds", wish)["feed"] == "airbnb_2"
    taken = api.ask("POST", "/v1/feeds", {**wish, "key": "airbnb"})
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "key_taken")


def test_a_feed_is_changed_polled_and_taken_out(api: ApiHouse) -> None:
    """What was said last holds; a poll is due now; afterwards the feed is gone."""
    feed = a_feed(api, end_is_last_night=True)
    path = f"/v1/feeds/{feed['id']}"
    assert feed["settings"] == {"end_is_last_night": True}
    changed = api.ask("PATCH", path, {"every_seconds": 300, "end_is_last_night": False}).json()
    assert (changed["every_seconds"], changed["settings"]) == (300, {})
    api.pass_time(minutes=1)
    polled = api.ask("POST", f"{path}/poll", {})
    assert polled.status_code == 202
    assert polled.json()["next_poll_at"] <= "2027-01-10T09:01:00Z"
    for body in ({}, None):
        refused = api.ask("POST", f"{path}/accept", body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "nothing_in_doubt")
    assert api.get(f"{path}/polls")["data"] == []
    assert api.ask("DELETE", path).status_code == 204
    assert api.ask("GET", path).status_code == 404


def test_a_preview_reads_and_keeps_nothing(api: ApiHouse) -> None:
    """The calendar as the poller would understand it."""
    told = api.post("/v1/feeds/preview", {"url": URL})
    assert told["outcome"] == "fresh"
    assert [claim["arrival"] for claim in told["claims"]] == ["2027-02-03"]
    api.downloads = Failed("http_404", "www.airbnb.com answered 404")
    assert api.post("/v1/feeds/preview", {"url": URL})["reason"] == "http_404"
    assert api.get("/v1/feeds")["data"] == []


def test_a_rotated_address_works_beside_the_new_one_for_a_while(api: ApiHouse) -> None:
    """Both addresses serve the same export for a day; then the former finds nothing."""
    a_feed(api)
    (old,) = api.get("/v1/exports")["data"]
    new = api.ask("POST", f"/v1/exports/{old['id']}/rotate").json()
    assert new["url"] != old["url"]
    assert new["old_url_until"] == "2027-01-11T09:00:00Z"
    cache = ExportCache(api.store)
    cache.look(api.now)
    first, second = (cache.find(one["url"].split("/")[-1][:-4]) for one in (old, new))
    cache.close()
    assert first is not None and second is not None
    assert first.export_id == second.export_id
    assert not first.has_ended(api.now)
    api.pass_time(hours=24)
    assert first.has_ended(api.now)
    assert not second.has_ended(api.now)


def test_an_export_ends_when_it_is_deleted(api: ApiHouse) -> None:
    """Its row is unknown afterwards, and its key is free again."""
    feed = a_feed(api)
    wish = {"unit_id": feed["unit_id"]}
    export = api.post("/v1/exports", wish)
    assert export["key"] == "everyone"
    assert api.get(f"/v1/exports/{export['id']}/readings")["data"] == []
    assert api.ask("POST", "/v1/exports", wish).status_code == 409
    assert api.ask("DELETE", f"/v1/exports/{export['id']}").status_code == 204
    assert api.ask("GET", f"/v1/exports/{export['id']}").status_code == 404
    assert api.post("/v1/exports", wish)["url"] != export["url"]


def test_a_feed_is_asked_as_often_as_the_config_says(tmp_path: Path) -> None:
    """Unless its maker says otherwise, then or later."""
    api = ApiHouse(tmp_path, config='[polling]\nevery = "7m"\n')
    feed = a_feed(api)
    assert feed["every_seconds"] == 420
    path = f"/v1/feeds/{feed['id']}"
    assert api.ask("PATCH", path, {"every_seconds": 300}).json()["every_seconds"] == 300
    wish = {"unit_id": feed["unit_id"], "channel": "vrbo", "url": URL, "every_seconds": 600}
    assert api.post("/v1/feeds", wish)["every_seconds"] == 600
    api.close()


@pytest.mark.parametrize(("decision", "left"), [("accept", 2), ("reject", 8)])
def test_a_suspicious_answer_is_decided_about(
    tmp_path: Path, database: str | None, decision: str, left: int
) -> None:
    """By the name of the answer that was shown; what it lacks is kept until then."""
    with fed(tmp_path, database) as api:
        feed = api.a_feed(api.a_unit(), "airbnb")
        stays = [airbnb(f"N{day}", f"2027-03-0{day}", f"2027-03-0{day + 1}") for day in range(1, 9)]
        api.says("airbnb", *stays)
        api.poll()
        api.says("airbnb", *stays[:2])
        api.poll(minutes=15)
        told = api.get(f"/v1/feeds/{feed['id']}")
        assert (told["health"], told["doubt"]["kind"]) == ("suspicious", "shrunk")
        path = f"/v1/feeds/{feed['id']}/{decision}"
        other = api.ask("POST", path, {"answer": "another"})
        assert (other.status_code, other.json()["error"]["code"]) == (409, "answer_changed")
        api.post(path, {"answer": told["doubt"]["answer"]})
        kept = api.get("/v1/bookings", from_date="2027-03-01")["data"]
        assert sum(one["status"] != "withdrawn" for one in kept) == left


def test_readings_and_propagation_tell_who_read_what(tmp_path: Path, database: str | None) -> None:
    """Which version, when, how often; and how long a sale was not known there."""
    with fed(tmp_path, database) as api:
        unit = api.a_unit()
        api.a_feed(unit, "airbnb")
        api.poll()
        stay = {"unit_id": unit["id"], "arrival": "2027-02-03", "departure": "2027-02-05"}
        booking = api.post("/v1/bookings", stay)
        (export,) = api.get("/v1/exports")["data"]
        path = f"/v1/exports/{export['id']}/readings"
        assert api.get(path)["data"] == []
        api.pass_time(minutes=30)
        reading = Reading(export["id"], export["version"], "Airbnb", api.now, api.now)
        with api.store.write() as session:
            record_readings(session, [reading], api.chance)
        (told,) = api.get(path)["data"]
        assert (told["reader"], told["version"], told["count"]) == ("Airbnb", export["version"], 1)
        (way,) = api.get(f"/v1/units/{unit['id']}/propagation")["exports"]
        (reach,) = way["stays"]
        assert (reach["stay"], reach["exposure_minutes"]) == (booking["id"], 30)


def test_how_patient_a_feed_is_can_be_said(api: ApiHouse) -> None:
    """In answers and in seconds; null is the config's way again."""
    feed = a_feed(api, absences=3, absence_span_seconds=21600, suspicion_span_seconds=0)
    patient = {"absences": 3, "absence_span": 21600, "suspicion_span": 0}
    assert feed["settings"] == patient
    path = f"/v1/feeds/{feed['id']}"
    changed = api.ask("PATCH", path, {"every_seconds": 600}).json()
    assert changed["settings"] == patient
    changed = api.ask("PATCH", path, {"absence_span_seconds": None, "absences": None}).json()
    assert changed["settings"] == {"suspicion_span": 0}
    for wrong in ({"absence_span_seconds": -1}, {"suspicion_span_seconds": "1h"}):
        assert api.ask("PATCH", path, wrong).status_code == 422
