"""What each role may do: the one matrix. A key never may more than its user's role.

An operation of the API names one scope, so a row here is every operation of that scope.
"""

from __future__ import annotations

from vacancy.domain.scopes import Role, Scope

#: Scope | owner, manager, staff, integration.
_MATRIX = """
properties.read           | owner manager staff integration
properties.write          | owner manager       integration
feeds.read                | owner manager       integration
feeds.write               | owner manager       integration
exports.read              | owner manager       integration
exports.write             | owner manager       integration
bookings.read             | owner manager staff integration
bookings.write            | owner manager staff integration
bookings.sensitive.read   | owner manager       integration
calendar.read             | owner manager staff integration
conflicts.read            | owner manager staff integration
conflicts.write           | owner manager staff integration
activity.read             | owner manager staff integration
booking_parameters.read   | owner manager staff integration
booking_parameters.write  | owner manager       integration
webhooks.read             | owner manager       integration
webhooks.write            | owner manager       integration
keys.manage               | owner
"""


def _read(matrix: str) -> dict[Role, frozenset[Scope]]:
    rows = [line.split("|") for line in matrix.strip().splitlines()]
    table = {Scope(scope.strip()): roles.split() for scope, roles in rows}
    return {role: frozenset(s for s, roles in table.items() if role in roles) for role in Role}


ALLOWED: dict[Role, frozenset[Scope]] = _read(_MATRIX)
