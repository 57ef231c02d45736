"""The profiles. Each fact names its evidence: a file of the feed corpus, or a section of
`docs/channels.md` ("feeds 2"). Where there is none, the generic reading stands, and says so.
"""

from __future__ import annotations

import re
from datetime import timedelta
from types import MappingProxyType

from vacancy.channels.profile import (
    Codes,
    Marks,
    Profile,
    Release,
    Shapes,
    Uids,
    Wordless,
    Words,
)
from vacancy.domain.claims import Identity, Kind, Reason

#: Rises with every change of meaning: feeds are then read anew.
CATALOG_VERSION = 1

#: Words of any provider, folded; the languages seen in feeds 2, 4 and 6, others as a
#: safety net.
COMMON_WORDS = Words(
    reservation=(
        *("reserved", "reservation", "booked", "reserve", "reservee", "reservado"),
        *("reservada", "reserva", "gebucht", "reserviert", "prenotato", "prenotata"),
        *("prenotazione", "gereserveerd", "geboekt", "bokad", "rezervace"),
        *("reservierung", "buchung", "riservato", "riservata", "reservering", "boeking"),
        *("reserverad", "reserverat", "bokning", "reserveret", "reservert", "booket"),
        *("zarezerwowane", "rezerwacja", "rezervovano", "rezervirano", "rezervasyon"),
        *("rezervat", "rezervare", "varattu", "varaus", "foglalt", "foglalas", "κρατηση"),
        *("забронировано", "бронирование", "бронь", "已预订", "已預訂", "予約済み"),
    ),
    # Words that are family names as well (Block, Owner, Ferme) are left out.
    block=(
        *("not available", "unavailable", "blocked", "closed", "closed period", "owner stay"),
        *("indisponible", "non disponible", "no disponible", "no esta disponible"),
        *("bloqueado", "cerrado", "indisponivel", "nicht verfugbar", "gesperrt", "blockiert"),
        *("geschlossen", "non disponibile", "bloccato", "niet beschikbaar", "geblokkeerd"),
        *("nao disponivel", "bloque", "bloquee", "bloqueada", "bloccata", "geblockt"),
        *("ikke tilgængelig", "ikke tilgjengelig", "inte tillganglig", "ej tillganglig"),
        *("niedostepne", "niedostepny", "zablokowane", "nedostupne", "neni k dispozici"),
        *("nedostupno", "nije dostupno", "indisponibil", "ei saatavilla", "ei kaytettavissa"),
        *("nem elerheto", "musait degil", "μη διαθεσιμο", "недоступно", "недоступен"),
        *("заблокировано", "不可用", "无法预订", "無法預訂", "予約不可", "利用不可"),
    ),
    # Tentative, Provisoire, Provisional: feeds 4; PENDING is no booking: feeds 6.
    tentative=(
        *("tentative", "provisoire", "provisional", "pending", "provisorisch", "vorlaufig"),
        *("provvisorio", "provvisoria", "provisorio", "provisoria", "voorlopig", "en attente"),
        *("in attesa", "pendiente", "pendente"),
    ),
)

_AIRBNB = Profile(
    "airbnb",
    "Airbnb",
    # feeds 2: "detect with airbnb, never by equality"; a local domain per country.
    Marks(("airbnb.com",), ("airbnb",), ("airbnb.",)),
    default=Kind.RESERVATION,  # R9: all but "not available"; airbnb_2018_name_and_code_in_summary
    reason=Reason.OWNER,
    worded=True,
    uids=Uids(
        # feeds 2: one code, one UID in 885 of 885 cases, kept through 69 moves.
        reservations=Identity.KEY,
        # feeds 2: depends on the first night only, and is shared by unrelated listings.
        blocks=Identity.HINT,
        block=re.compile(r"(?:^|-)(?:7f662ec65913|6fec1092d3fa)-"),  # feeds 2; airbnb_v088_...
    ),
    codes=Codes(
        (
            re.compile(r"/reservations/details/(\w+)"),  # airbnb_v10_reserved_and_blocked
            re.compile(r"/reservation/itinerary\?code=(\w+)"),  # airbnb_2020_itinerary_url
            re.compile(r"\((HM\w+)\)$"),  # airbnb_2018_name_and_code_in_summary
        )
    ),
    shapes=Shapes(
        # feeds 2; airbnb_v10_booking_window_tail; the distances are the settings Airbnb offers.
        tail_ends=(365, 367),
        tail_starts=(90, 180, 244, 270, 365),
        notice=True,
        closed=True,  # feeds 2: snoozed or unlisted; seq_real_airbnb_all_gaps_blocked
        preparation=True,  # airbnb_v088_reserved_and_blocks
    ),
)

_BOOKING = Profile(
    "booking_com",
    "Booking.com",
    Marks(("booking.com",), ("booking.com",), ("booking.com",)),  # booking_closed_only
    default=Kind.RESERVATION,
    reason=Reason.OWNER,
    # feeds 3: the UID is a function of room and first listed night; only the nights are stable.
    uids=Uids(Identity.NIGHTS, Identity.NIGHTS),
    wordless=Wordless("closed", longest_stay=30, horizon_days=480),  # R9
    # feeds 3: 546-550 days, a day either way for the provider's midnight; start and UID fixed.
    shapes=Shapes(tail_ends=(545, 551), closed=True),  # booking_one_block_18_months
    # rules 4; seq_real_booking_vanish_return, seq_real_booking_empty_one_hour.
    release=Release(absences=3, absence_span=timedelta(hours=6)),
)

_VRBO = Profile(
    "vrbo",
    "Vrbo",
    Marks(
        (),
        ("homeaway", "vrbo", "abritel", "fewo-direkt", "stayz"),  # abritel_fr_2020
        ("vrbo.com", "homeaway.", "abritel.fr", "fewo-direkt.de", "stayz.com.au"),  # feeds 4
    ),
    default=Kind.RESERVATION,
    reason=Reason.OWNER,
    worded=True,
    # feeds 4: reservation UIDs are said to rotate on date changes; block UIDs spell the dates.
    uids=Uids(block=re.compile(r"^(\d{8})-\d{4}-\d{4}-\d{4}-\d{12}$")),
)

_EXPEDIA = Profile(
    "expedia",
    "Expedia",
    Marks(("expedia.com",), ("expedia",), ("expedia.", "hotels.com")),  # expedia_reserved_...
    default=Kind.RESERVATION,
    reason=Reason.OWNER,
    worded=True,  # feeds 5: Reserved on Expedia, Unavailable on Expedia
)

_TRIPADVISOR = Profile(
    "tripadvisor",
    "Tripadvisor",
    Marks((), ("tripadvisor", "flipkey"), ("tripadvisor.", "flipkey.com")),  # feeds 6
    Words(reservation=("tripadvisor",)),  # tripadvisor_unstable_uid: `Tripadvisor ...: NAME`
    default=Kind.RESERVATION,
    reason=Reason.OWNER,
    worded=True,
    uids=Uids(Identity.NONE, Identity.NONE),  # feeds 6: UIDs unreliable
)


def _own_calendar(key: str, name: str, marks: Marks) -> Profile:
    """An owner's own calendar: stable UIDs, words of the owner, so blocks but for plain words."""
    return Profile(key, name, marks, reason=Reason.OWNER, uids=Uids(Identity.KEY, Identity.KEY))


_OWN_CALENDARS = (
    # feeds 7; google_rrule_recurrence_id
    _own_calendar(
        "google",
        "Google Calendar",
        Marks(("google.com",), ("google",), ("calendar.google.com", "google.com")),
    ),
    # feeds 7; outlook_owa_display_name_tzid
    _own_calendar(
        "outlook",
        "Outlook",
        Marks((), ("microsoft", "outlook"), ("outlook.com", "office.com", "office365.com")),
    ),
    # feeds 7; apple_tentative_confirmed_cancelled
    _own_calendar("apple", "Apple Calendar", Marks((), ("apple inc",), ("icloud.com",))),
)

_GUESTY = Profile(
    "guesty",
    "Guesty",
    Marks(("guesty.com",), ("guesty",), ("guesty.com",)),  # guesty_rule_tagged_blocks
    default=Kind.RESERVATION,
    reason=Reason.OWNER,
    is_hub=True,
    worded=True,
    uids=Uids(
        # feeds 6: "may be reissued"
        tag=re.compile(r"_(an|bw|bd|a|b|m|o|sr|abl|pt)_\d{4}-\d\d-\d\d_"),
        # feeds 6: advance notice; booking window; padding; the rest is a person's doing.
        tags=MappingProxyType(
            {
                "an": Reason.RULE_NOTICE,
                "bw": Reason.RULE_WINDOW,
                "bd": Reason.RULE_WINDOW,
                "a": Reason.RULE_PREPARATION,
                "b": Reason.RULE_PREPARATION,
            }
        ),
    ),
    codes=Codes((re.compile(r"^Reservation (?=[\w-]*\d)([\w-]++)$"),)),  # guesty_rule_...
)

_BEDS24 = Profile(
    "beds24",
    "Beds24",
    Marks(("beds24.com",), ("beds24",), ("beds24.com",)),
    default=Kind.RESERVATION,
    reason=Reason.OWNER,
    is_hub=True,
    worded=True,  # feeds 6: the summary is the guest's name
    uids=Uids(Identity.HINT, Identity.HINT),
    # beds24_timed_utc: arrival time and booking number; only the number is stable.
    codes=Codes(uid_key=re.compile(r"-b(\d+)@")),
)

_SMOOBU = Profile(
    "smoobu",
    "Smoobu",
    Marks((), ("smoobu",), ("smoobu.com",)),  # feeds 6
    # smoobu_three_events_per_stay: check-in day, stay, check-out day
    Words(markers=("check-in", "check-out", "checkin", "checkout")),
    default=Kind.RESERVATION,
    reason=Reason.OWNER,
    is_hub=True,
    worded=True,
)

_LODGIFY = Profile(
    "lodgify",
    "Lodgify",
    Marks((), ("lodgify",), ("lodgify.com",)),
    default=Kind.RESERVATION,
    reason=Reason.OWNER,
    is_hub=True,
    worded=True,  # lodgify_closed_period
    uids=Uids(Identity.NONE, Identity.NONE),  # feeds 6: UIDs unreliable
)


def _unseen(key: str, name: str, marks: Marks, *, is_hub: bool = False) -> Profile:
    """A provider of which no sample was found (feeds 13): recognised, and read like any unknown."""
    return Profile(key, name, marks, is_hub=is_hub)


_UNSEEN = (
    # feeds 6: the host of the address is known, the file is not.
    _unseen("agoda", "Agoda", Marks((), ("agoda",), ("agoda.com",))),
    # feeds 6: "imports every event as a reservation"; its export text is the user's template.
    _unseen("hostaway", "Hostaway", Marks((), ("hostaway",), ("hostaway.com",)), is_hub=True),
    _unseen(
        "hospitable", "Hospitable", Marks((), ("hospitable",), ("hospitable.com",)), is_hub=True
    ),
    _unseen(
        "ownerrez",
        "OwnerRez",
        Marks((), ("ownerrez",), ("ownerrez.com", "ownerreservations.com")),
        is_hub=True,
    ),
    _unseen("houfy", "Houfy", Marks((), ("houfy",), ("houfy.com",))),
    _unseen("plum_guide", "Plum Guide", Marks((), ("plum guide", "plumguide"), ("plumguide.com",))),
    _unseen("holidu", "Holidu", Marks((), ("holidu",), ("holidu.com", "bookiply.com"))),
    _unseen("hipcamp", "Hipcamp", Marks((), ("hipcamp",), ("hipcamp.com",))),
    # A website of one's own: any shop software.
    _unseen("direct", "Direct", Marks()),
)

OTHER = Profile("other", "Other", Marks())

_RECOGNISED = (
    # feeds 6, "gone but instructive"; wimdu_2015_inclusive_no_uid: no UID at all, guest names only
    # with a link to the reservation.
    Profile(
        "wimdu",
        "Wimdu",
        Marks((), ("wimdu",), ("wimdu.",)),
        uids=Uids(Identity.NONE, Identity.NONE),
        channel=False,
    ),
    # housetrip_2015_unavailable: the block word ends the summary.
    Profile(
        "housetrip",
        "HouseTrip",
        Marks(("housetrip.com",), ("housetrip",), ("housetrip.com",)),
        reason=Reason.OWNER,
        channel=False,
    ),
    # wubook_2015_floating_midnight: a UID made of the fetch time, new at each fetch.
    Profile(
        "wubook",
        "WuBook",
        Marks((), ("wubook",), ("wubook.net",)),
        reason=Reason.OWNER,
        uids=Uids(Identity.NONE, Identity.NONE),
        channel=False,
    ),
    # feeds 6: Avantio, Travanto, TUI Villas: "UIDs unreliable"; no sample.
    *(
        Profile(
            key,
            name,
            Marks((), (key,), hosts),
            uids=Uids(Identity.NONE, Identity.NONE),
            channel=False,
        )
        for key, name, hosts in (
            ("avantio", "Avantio", ("avantio.com",)),
            ("travanto", "Travanto", ("travanto.de",)),
        )
    ),
    # feeds 6: Trip.com, the address only.
    Profile(
        "trip_com",
        "Trip.com",
        Marks((), ("ctrip", "trip.com"), ("ctrip.com", "trip.com")),
        channel=False,
    ),
)

PROFILES: tuple[Profile, ...] = (
    _AIRBNB,
    _BOOKING,
    _VRBO,
    _EXPEDIA,
    _TRIPADVISOR,
    *_OWN_CALENDARS,
    _GUESTY,
    _BEDS24,
    _SMOOBU,
    _LODGIFY,
    *_UNSEEN,
    *_RECOGNISED,
    OTHER,
)
_BY_KEY = {profile.key: profile for profile in PROFILES}

#: The channels that the config may name, as docs/config.md lists them.
CHANNELS = frozenset(profile.key for profile in PROFILES if profile.channel)


def profile_of(channel: str) -> Profile:
    """The profile of that key; any other word is read as `other`, by the entries' own marks."""
    return _BY_KEY.get(channel, OTHER)
