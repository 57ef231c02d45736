"""Feeds and exports over the API."""

from __future__ import annotations

from api.asking import URL, ApiHouse
from vacancy.poller.fetch import Failed
from vacancy.publisher.cache import ExportCache


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
    assert (polled.status_code, polled.json()["next_poll_at"]) == (202, "2027-01-10T09:01:00Z")
    refused = api.ask("POST", f"{path}/accept", {})
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
    new = api.post(f"/v1/exports/{old['id']}/rotate", {})
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
