"""Every table, a file a theme. One row is: see the docstrings.

Ids are prefixed text (`stay_...`); nights are local dates, instants aware UTC (`UTCDateTime`).
Every row but the installation's belongs to an account.
"""

from vacancy.store.tables.access import ApiKey, Idempotency, User
from vacancy.store.tables.alerts import Alert, AlertReceiver
from vacancy.store.tables.columns import metadata
from vacancy.store.tables.details import BookingParameter, BookingValue, Guest
from vacancy.store.tables.exports import Export, ExportReading, Publication
from vacancy.store.tables.feeds import Claim, Doubt, Feed, Poll, Sighting
from vacancy.store.tables.journal import Event
from vacancy.store.tables.places import Account, Installation, Property, Unit
from vacancy.store.tables.sessions import OneTimeLink, SignedIn, SignInTry
from vacancy.store.tables.sources import Push, PushTry, Source
from vacancy.store.tables.stays import Conflict, Night, Stay
from vacancy.store.tables.webhooks import Attempt, Delivery, Endpoint, Unsent

__all__ = [
    "Account",
    "Alert",
    "AlertReceiver",
    "ApiKey",
    "Attempt",
    "BookingParameter",
    "BookingValue",
    "Claim",
    "Conflict",
    "Delivery",
    "Doubt",
    "Endpoint",
    "Event",
    "Export",
    "ExportReading",
    "Feed",
    "Guest",
    "Idempotency",
    "Installation",
    "Night",
    "OneTimeLink",
    "Poll",
    "Property",
    "Publication",
    "Push",
    "PushTry",
    "Sighting",
    "SignInTry",
    "SignedIn",
    "Source",
    "Stay",
    "Unit",
    "Unsent",
    "User",
    "metadata",
]
