"""The store is made what the config says, and nothing that is kept is lost by an edit."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vacancy.domain.errors import ConfigError, Refused, Unknown
from vacancy.services import config
from vacancy.services.at import At
from vacancy.settings import load
from vacancy.store import accounts, exports, feeds, journal, units
from vacancy.store.session import Session, Store
from vacancy.vault import Vault

NOW = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)
VAULT = Vault(b"k" * 32)
FEED = 'airbnb = "https://www.airbnb.com/calendar/ical/1.ics?t=abcd"\n'


@dataclass
class House:
    """A store that has been settled in, and a config file to write anew."""

    store: Store
    folder: Path
    published: list[str] = field(default_factory=list)
    chance = staticmethod(random.Random(7).randbytes)

    @property
    def at(self) -> At:
        return At(NOW, self.chance, lambda _session, unit_id, _now: self.published.append(unit_id))

    def settle(self) -> House:
        with self.store.write() as session:
            accounts.settle_in(session, NOW, self.chance)
        return self

    def apply(self, text: str, remove: tuple[str, ...] = ()) -> list[str]:
        (self.folder / "vacancy.toml").write_text(text)
        settings = load(self.folder / "vacancy.toml", {})
        with self.store.write() as session:
            said = [str(d) for d in config.differences(session, settings, VAULT)]
            done = config.apply(session, settings, VAULT, self.at, remove)
        assert [str(d) for d in done][: len(said)] == said
        with self.store.write() as session:
            assert config.apply(session, settings, VAULT, self.at) == []
            assert not config.is_news(session, settings)
        return [str(d) for d in done]


@pytest.fixture
def house(store: Store, tmp_path: Path) -> House:
    return House(store, tmp_path).settle()


def unit(feed: str = FEED, slug: str = "sea-view", extra: str = "") -> str:
    return (
        f'[[units]]\nslug = "{slug}"\nname = "Sea View"\ntimezone = "Europe/Lisbon"\n{extra}\n'
        f"[units.feeds]\n{feed}\n"
    )


def the_feed(session: Session, name: str = "airbnb") -> feeds.Feed:
    return feeds.find(session, accounts.the_account(session).id, name)


def polled(house: House) -> None:
    """As if the feed had been read well."""
    with house.store.write() as session:
        feed = the_feed(session)
        feed.etag, feed.digest, feed.last_good_at = '"1"', b"d", NOW


def test_a_config_makes_its_rows(house: House) -> None:
    """Property, unit, feed, an export for the feed and one for everyone; told in the journal."""
    assert house.apply(unit()) == [
        "add property Sea View",
        "add unit sea-view",
        "add feed sea-view/airbnb",
        "add export sea-view/airbnb",
        "add export sea-view/everyone",
    ]
    with house.store.read() as session:
        account = accounts.the_account(session)
        feed = the_feed(session)
        assert house.published == [feed.unit_id]
        assert VAULT.open(feed.url, feeds.SEALED_AS).endswith("t=abcd")
        assert (feed.host, feed.url_tail, feed.every) == ("www.airbnb.com", "abcd", 900)
        assert feed.next_poll_at <= NOW
        made = {export.key: export for export in exports.of_unit(session, feed.unit_id)}
        assert made["airbnb"].feed_id == feed.id
        assert made["everyone"].feed_id is None
        facts = journal.after(session, account.id, 0)
        assert [fact.type for fact in facts] == ["config.applied"]
        assert "abcd" not in repr(facts[0].data)


def test_a_new_interval_is_no_edit(house: House) -> None:
    """What does not change the reading keeps the validators."""
    house.apply(unit())
    polled(house)
    slower = FEED.replace('"https', '{ every = "1h", url = "https').replace('abcd"', 'abcd" }')
    assert house.apply(unit(slower)) == ["change feed sea-view/airbnb (every)"]
    with house.store.read() as session:
        assert the_feed(session).etag == '"1"'
        assert the_feed(session).every == 3600


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (unit(FEED.replace("abcd", "abce")), "change feed sea-view/airbnb (address)"),
        (
            unit(FEED.replace('"https', '{ transparent = "free", url = "https').strip() + "}"),
            "change feed sea-view/airbnb (transparent)",
        ),
        (unit().replace("Europe/Lisbon", "Europe/Paris"), "change unit sea-view (timezone)"),
    ],
)
def test_an_edit_of_the_reading_drops_what_it_was_compared_by(
    house: House, edit: str, told: str
) -> None:
    """Address, reading setting or zone: the feed is read anew, and what is missing is in doubt."""
    house.apply(unit())
    polled(house)
    assert told in house.apply(edit)
    with house.store.read() as session:
        feed = the_feed(session)
        assert feed.etag is None
        assert feed.digest is None
        assert feed.habits[feeds.EDITED] is True


def test_a_feed_that_left_is_retired_and_its_export_served(house: House) -> None:
    """Its row stays, its export too; back again, it is the same feed."""
    house.apply(unit())
    assert house.apply(unit("")) == ["retire feed sea-view/airbnb"]
    with house.store.read() as session:
        retired = the_feed(session)
        assert retired.health == "retired"
        assert len(exports.of_unit(session, retired.unit_id)) == 2
    assert house.apply(unit()) == ["revive feed sea-view/airbnb"]
    with house.store.read() as session:
        assert the_feed(session).id == retired.id
        assert the_feed(session).health == "ok"


def test_an_export_named_no_more_is_revoked(house: House) -> None:
    """A list of exports is exact; named again, it opens under a new token."""
    house.apply(unit(extra='exports = ["airbnb", "vrbo"]'))
    assert house.apply(unit(extra='exports = ["airbnb"]')) == ["revoke export sea-view/vrbo"]
    assert house.apply(unit()) == ["add export sea-view/everyone"]


def test_a_unit_that_left_is_served_until_removed_by_name(house: House) -> None:
    """Retired at once; its exports end only with `--remove`."""
    house.apply(unit())
    assert house.apply("") == ["retire unit sea-view"]
    with house.store.read() as session:
        row = units.find(session, accounts.the_account(session).id, "sea-view")
        assert row.retired_at == NOW
        assert len(exports.of_unit(session, row.id)) == 2
    assert house.apply("", remove=("sea-view",)) == ["remove unit sea-view"]
    with house.store.read() as session:
        assert exports.of_unit(session, row.id) == []
    assert "revive unit sea-view" in house.apply(unit())


def test_only_what_left_can_be_removed(house: House) -> None:
    """A unit still declared, or never known, is refused in a sentence."""
    house.apply(unit())
    with pytest.raises(Refused, match="take it out first"):
        house.apply(unit(), remove=("sea-view",))
    with pytest.raises(Unknown, match="nowhere"):
        house.apply(unit(), remove=("nowhere",))


def test_a_renamed_unit_keeps_everything(house: House) -> None:
    """`was` names the old slug, once; the feed and the exports are the same rows."""
    house.apply(unit())
    with house.store.read() as session:
        before = the_feed(session).id
    renamed = unit(slug="ocean-view", extra='was = "sea-view"')
    assert house.apply(renamed) == ["rename unit ocean-view (was sea-view)"]
    with house.store.read() as session:
        assert the_feed(session, "ocean-view/airbnb").id == before


def test_a_unit_moves_to_another_property(house: House) -> None:
    """The property is made; the old one stays."""
    house.apply(unit())
    assert house.apply(unit(extra='property = "Casa Azul"\ncheck_in = "16:00"')) == [
        "add property Casa Azul",
        "change unit sea-view (property)",
    ]


def test_what_the_api_made_is_not_the_configs(house: House) -> None:
    """A slug in the way is refused by its path, and nothing is done."""
    house.apply(unit())
    with house.store.write() as session:
        units.find(session, accounts.the_account(session).id, "sea-view").managed_by = "api"
    with pytest.raises(ConfigError, match=r"units\[0\]\.slug: .*over the API"):
        house.apply(unit())
    assert house.apply("") == []


def test_the_domain_is_drawn_once_unless_set(house: House) -> None:
    """Settling in again changes nothing; the config's domain wins."""
    house.apply(unit())
    with house.store.write() as session:
        drawn = accounts.installation(session)
        assert drawn is not None
        assert drawn.domain.endswith(".vacancy")
        assert accounts.settle_in(session, NOW, house.chance) is False
    house.apply('[server]\ndomain = "cal.example.com"\n' + unit())
    with house.store.read() as session:
        kept = accounts.installation(session)
        assert kept is not None
        assert kept.domain == "cal.example.com"


def test_how_many_may_sleep_there_is_said_in_the_config(house: House) -> None:
    """And changed there, without anything being read anew."""
    house.apply(unit(extra="max_guests = 4"))
    assert house.apply(unit(extra="max_guests = 4")) == []
    assert house.apply(unit(extra="max_guests = 2")) == ["change unit sea-view (max_guests)"]
