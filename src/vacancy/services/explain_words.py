"""An explanation in plain words, for a host with no background."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_ENDINGS = {
    "canceled": "its channel said that it is canceled",
    "replaced": "its channel shows another reservation on these nights instead",
    "moved": "its channel gave the same reservation other nights",
    "person": "a person said that it is gone",
    "departed": "it is over, and listed no more",
    "taken_over": "another feed of the channel went on with it",
    "not_shown": "its channel shows it no more",
}
_PROOFS = {
    "uid": "it bears our own UID",
    "read_before": "before it first showed the night, the channel had read version {version} of its"
    " export (on {read_at}), which held that stay",
    "read_lately": "the channel had read version {version} of its export (on {read_at}), which held"
    " that stay, within the 48 hours before",
    "shape": "not proven: the order of sale and reading is unknown, but its edges are those of the"
    " stay as the channel had read it",
    "record": "what proved it is no longer on record",
}
_CAUSES = {
    "before": "is kept free before stay {stay}",
    "after": "is kept free after stay {stay}",
    "linked": "is closed because the house or one of its rooms is taken by stay {stay}",
    "full": "is closed because enough rooms of the house are taken, the last by stay {stay}",
}
_SHOWN = 8


def tell(told: dict[str, Any]) -> list[str]:
    """The sentences, the answer first, then its evidence."""
    return [
        _answer(told),
        *_stays(told),
        *_echoes(told),
        *_settings(told),
        *_derived(told),
        *_conflicts(told),
        *_feeds(told),
        *_exports(told),
        *_history(told),
    ]


def _answer(told: dict[str, Any]) -> str:
    night, unit = f"The night of {told['date']}", told["unit"]
    holder = next((one for one in told["stays"] if one["role"] == "holds"), None)
    if holder is not None:
        return f"{night} in {unit} is taken, by {_named(holder)}."
    held = next((one for one in told["stays"] if one["role"] == "held"), None)
    if held is not None:
        return f"{night} in {unit} was taken, by {_named(held)}."
    if told["derived"]:
        return f"{night} in {unit} is closed, though no stay of its own holds it."
    over = "was" if told["past"] else "is"
    if any(one["role"] == "ended" for one in told["stays"]):
        return f"{night} in {unit} {over} free: what held it has ended."
    return f"{night} in {unit} {over} free: no stay on record holds it."


def _named(stay: dict[str, Any]) -> str:
    reason = f" ({stay['reason']})" if stay["reason"] else ""
    where = stay["channel"] if stay["imported"] else "your own"
    return (
        f"the {where} {stay['kind']}{reason} {stay['arrival']} to {stay['departure']}"
        f" [{stay['id']}]"
    )


def _stays(told: dict[str, Any]) -> Iterator[str]:
    roles = {
        "waits": "also wants it, and takes it when the holder leaves",
        "mirrored": "only repeats stays of other feeds, and wants nothing",
        "held": "had it, and it is over",
        "ended": "no longer has it",
    }
    for stay in told["stays"]:
        if stay["role"] != "holds":
            ended = f" since {stay['closed_at']} ({stay['status']})" if stay["closed_at"] else ""
            sentence = f"{_named(stay)} {roles[stay['role']]}{ended}."
            yield sentence[0].upper() + sentence[1:]
        if not stay["imported"]:
            yield f"  It was entered here on {stay['opened_at']}."
        for claim in stay["claims"]:
            yield from _claim(claim)


def _claim(claim: dict[str, Any]) -> Iterator[str]:
    polled = f", poll {claim['first_poll']}" if claim["first_poll"] else ""
    yield (
        f"  The {claim['feed']} feed listed {short(claim['uid'])} for {claim['arrival']} to"
        f" {claim['departure']}: first on {claim['first_seen']}{polled}, last on"
        f" {claim['last_seen']}. Rule {claim['rule']} reads it as a {claim['kind']}."
    )
    if claim["doubted_since"]:
        yield (
            f"  The feed's answers since {claim['doubted_since']} lack it and are not believed:"
            " it is kept."
        )
    if claim["masked"]:
        yield (
            "  The feed lacks it now, which proves nothing: we had told that channel that these"
            " nights are closed. It is kept."
        )
    elif claim["missing_since"] and not claim["ended_at"]:
        yield (
            f"  It is missing since {claim['missing_since']} ({_answers(claim)} without it), and"
            " kept until that is proof."
        )
    if claim["ended_at"]:
        yield f"  It ended on {claim['ended_at']}: {_ending(claim)}."


def _answers(claim: dict[str, Any]) -> str:
    return "1 good answer" if claim["absences"] == 1 else f"{claim['absences']} good answers"


def _ending(claim: dict[str, Any]) -> str:
    why = _ENDINGS.get(claim["ended_by"] or "", "the evidence is no longer on record")
    if claim["ended_by"] == "absence":
        why = f"{_answers(claim)} lacked it, the first on {claim['missing_since']}"
    return why + (f" (poll {claim['ended_poll']})" if claim["ended_poll"] else "")


def _echoes(told: dict[str, Any]) -> Iterator[str]:
    for claim in told["echoes"]:
        proof = claim["proof"]
        why = _PROOFS[proof["by"]].format(**proof)
        now = "shows" if claim["status"] == "live" else "showed"
        yield (
            f"The {claim['feed']} feed {now} stay {claim['echo_of']} back to us as"
            f" {short(claim['uid'])}; such an echo holds nothing. Proof: {why}."
        )


def _settings(told: dict[str, Any]) -> Iterator[str]:
    for claim in told["settings"]:
        if claim["status"] == "live":
            yield (
                f"The {claim['feed']} feed shows a setting of that channel over it"
                f" ({claim['reason']}, rule {claim['rule']}), which is no stay."
            )


def _derived(told: dict[str, Any]) -> Iterator[str]:
    for one in told["derived"]:
        yield f"It {_CAUSES[one['cause']].format(**one)}."


def _conflicts(told: dict[str, Any]) -> Iterator[str]:
    for one in told["conflicts"]:
        ended = f", resolved on {one['resolved_at']}" if one["resolved_at"] else ""
        kind = one["kind"].replace("_", " ")
        yield f"Conflict {one['id']} about it: {kind}, opened on {one['opened_at']}{ended}."


def _feeds(told: dict[str, Any]) -> Iterator[str]:
    if not told["feeds"]:
        yield "No feed covers this unit."
    for one in told["feeds"]:
        if one["last_good_at"] is None:
            yield f"The {one['feed']} feed has never given a good answer."
            continue
        seen = (
            f"shows something on it without a break since {one['shows_it_since']}"
            if one["shows_it_since"]
            else "shows nothing on it"
        )
        doubt = " Its present answer is not believed." if one["doubt"] else ""
        yield f"The {one['feed']} feed {seen}; last good answer {one['last_good_at']}.{doubt}"


def _exports(told: dict[str, Any]) -> Iterator[str]:
    for one in told["exports"]:
        if not one["holds_it"]:
            yield f"The {one['export']} export does not hold it."
            continue
        read = f"read on {one['read_at']}" if one["read_at"] else "not read since"
        yield (
            f"The {one['export']} export holds it since version {one['from_version']}"
            f" ({one['published_at']}), {read}."
        )


def _history(told: dict[str, Any]) -> Iterator[str]:
    facts = told["history"]
    if len(facts) > _SHOWN:
        yield f"{len(facts) - _SHOWN} earlier facts are in the journal."
    for fact in facts[-_SHOWN:]:
        data, before = fact["data"], fact["previous"] or {}
        moved = {"arrival", "departure"} & before.keys()
        was = (
            f" (before: {before.get('arrival', data['arrival'])} to"
            f" {before.get('departure', data['departure'])})"
            if moved
            else ""
        )
        yield (
            f"{fact['occurred_at']} {fact['type']}: {data['channel']}, {data['arrival']} to"
            f" {data['departure']}{was}"
        )


def short(uid: str) -> str:
    """A UID that people can tell apart, without what may be an address or a key in it."""
    local, at, domain = uid.rpartition("@")
    if not at:
        local, domain = uid, ""
    if "/" in domain or "?" in domain:
        domain = "…"
    shown = local if len(local) <= 12 and "/" not in local else f"{local[:8].split('/')[0]}…"
    return f"{shown}{at}{domain}"
