"""What booking systems call things, as data: statuses, kinds and channels, in the house's words.

Words are compared folded: lower case, everything but letters and digits one `_`. Where a word is
not known, nights stay closed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from vacancy.domain.claims import Kind


class Standing(StrEnum):
    """What a status means for the nights."""

    HOLDS = "holds"
    #: Asked for, not yet agreed: closes the nights as a block.
    TENTATIVE = "tentative"
    CANCELED = "canceled"


_CANCELED = (
    *("canceled", "cancelled", "cancelled_by_guest", "cancelled_by_host", "canceled_by_guest"),
    *("canceled_by_host", "declined", "denied", "rejected", "expired", "refunded", "withdrawn"),
    *("voided", "void", "deleted", "removed", "cancelada", "anulada", "rechazada"),
)
_TENTATIVE = (
    *("pending", "tentative", "request", "requested", "inquiry", "enquiry", "hold", "on_hold"),
    *("provisional", "option", "awaiting_payment", "pending_payment", "unconfirmed", "pendiente"),
    *("preapproved", "pre_approved", "draft"),
)
STATUSES: Mapping[str, Standing] = {
    **dict.fromkeys(_CANCELED, Standing.CANCELED),
    **dict.fromkeys(_TENTATIVE, Standing.TENTATIVE),
}

_RESERVATIONS = (
    *("booking", "reservation", "stay", "guest", "guest_stay", "imported", "imported_stay"),
    *("direct", "direct_booking", "reserva"),
)
_BLOCKS = (
    *("block", "blocked", "blocked_date", "blocked_dates", "closed", "closure", "maintenance"),
    *("owner", "owner_stay", "owner_block", "unavailable", "not_available", "hold", "bloqueo"),
)
#: None: it is listed beside bookings and holds no nights of its own.
KINDS: Mapping[str, Kind | None] = {
    **dict.fromkeys(_RESERVATIONS, Kind.RESERVATION),
    **dict.fromkeys(_BLOCKS, Kind.BLOCK),
}

#: None: the system sold it itself, or does not say.
CHANNELS: Mapping[str, str | None] = {
    **dict.fromkeys(("airbnb", "airbnb_com", "air_bnb", "abnb"), "airbnb"),
    **dict.fromkeys(("booking_com", "bookingcom", "booking", "bdc"), "booking_com"),
    **dict.fromkeys(("vrbo", "homeaway", "abritel", "fewo_direkt", "stayz", "vrbo_com"), "vrbo"),
    **dict.fromkeys(("expedia", "expedia_com", "hotels_com"), "expedia"),
    **dict.fromkeys(("agoda", "agoda_com"), "agoda"),
    **dict.fromkeys(("tripadvisor", "trip_advisor"), "tripadvisor"),
    **dict.fromkeys(("google", "google_calendar", "google_vacation_rentals"), "google"),
    **dict.fromkeys(("direct", "manual", "website", "web", "own", "owner", "internal"), None),
    **dict.fromkeys(("api", "app", "dashboard", "phone", "email", "walk_in", "unknown"), None),
}

_OTHER = re.compile(r"[^0-9a-z]+")
_LONGEST = 40


def folded(word: str) -> str:
    """`Booking.com` as `booking_com`."""
    return _OTHER.sub("_", word.lower()).strip("_")


def standing(word: str | None, more: Mapping[str, Standing]) -> Standing:
    """What a status means; `more` are the system's own words. Unknown ones hold the nights."""
    said = folded(word or "")
    return more.get(said) or STATUSES.get(said, Standing.HOLDS)


def channel(word: str | None, more: Mapping[str, str | None]) -> str | None:
    """Where it was sold; a name that is not known is kept as it is, folded."""
    said = folded(word or "")
    if said in more:
        return more[said]
    return CHANNELS.get(said, said[:_LONGEST] or None)
