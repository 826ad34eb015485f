"""Sends a message once and only once, also when the run is killed at any moment.

Before a message is handed over the journal says so; when it has arrived it says that too. A message of which
the journal says only the first is never sent again by itself: it may have arrived. The reasoning stands in
docs/delivery.md.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import sleep
from typing import Literal

from filelock import FileLock, Timeout
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from retention_helpers.delivery import journal
from retention_helpers.delivery.journal import Entry, Event
from retention_helpers.delivery.parcels import Parcel
from retention_helpers.delivery.ways import NotSent, Unsure, Way
from retention_helpers.words.errors import InputError
from retention_helpers.words.formats import plural

TRIES = 5
LONGEST_WAIT = 60  # seconds between two of them
PATIENCE = 600  # seconds that one run waits for another that delivers
LOCK = ".delivering.lock"
State = Literal["sent", "not sent", "unsure"]
_STATES: dict[Event, State] = {
    "sent": "sent",
    "not sent": "not sent",
    "unsure": "unsure",
    "handing over": "unsure",
}
_back_off = wait_exponential(multiplier=2, exp_base=4, max=LONGEST_WAIT)  # 2, 8, 32, 60 seconds


@dataclass(frozen=True)
class Standing:
    """How a message stands on one way.

    Attributes:
        about: the key of the message.
        way: mail, eml or webhook.
        state: sent, not sent (for sure), or unsure.
        at: the instant of that.
        why: it was not sent, or nobody knows; "" where the run was killed.
        is_new: whether this run brought it about.
    """

    about: str
    way: str
    state: State
    at: str
    why: str = ""
    is_new: bool = False


def standings(entries: Iterable[Entry]) -> dict[tuple[str, str], Standing]:
    """How every message stands, by its key and way: the last word of the journal."""
    return {
        (one.about, one.way): Standing(one.about, one.way, _STATES[one.event], one.at, one.why)
        for one in entries
        if one.event in _STATES
    }


def never_handed_over(about: Sequence[str], entries: Iterable[Entry], ways: Sequence[str]) -> list[str]:
    """Of these keys, in their order, those after the first that a way ever had, and that it never had.

    Such as a report whose run ended between making and delivering. What lies before the first was there
    before anything was delivered that way.
    """
    known = standings(entries)
    found = set()
    for way in ways:
        places = [place for place, key in enumerate(about) if (key, way) in known]
        since = about[min(places) :] if places else []
        found |= {key for key in since if (key, way) not in known}
    return [key for key in about if key in found]


def send(
    out: Path, parcel: Parcel, ways: Sequence[Way], allow: Callable[[], None], *, again: bool = False
) -> list[Standing]:
    """Send a message on every way on which it has not gone.

    With `again` also where nobody knows whether it has; and where that is nowhere, on every way.
    `allow` raises InputError where it may not go out.
    """
    try:
        with FileLock(out / LOCK, timeout=PATIENCE):
            known = [_known(out, parcel, way) for way in ways]
            anew = {"unsure"} if any(one and one.state == "unsure" for one in known) else {"unsure", "sent"}
            open_states = {"not sent", *(anew if again else ())}
            return [
                one if one and one.state not in open_states else _send(out, parcel, way, allow)
                for way, one in zip(ways, known, strict=True)
            ]
    except Timeout:
        raise InputError("Another run is delivering. Wait until that is done, or stop it.") from None


def _known(out: Path, parcel: Parcel, way: Way) -> Standing | None:
    """How a message stands, after a look where one can be taken."""
    known = standings(journal.of_business(out, parcel.business)).get((parcel.key, way.name))
    if known and known.state == "unsure" and (has_arrived := way.arrived(parcel)) is not None:
        _note(out, parcel, way, "sent" if has_arrived else "not sent")
        return replace(known, state="sent" if has_arrived else "not sent")
    return known


def _send(out: Path, parcel: Parcel, way: Way, allow: Callable[[], None]) -> Standing:
    tries = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, NotSent) and error.passes),
        stop=stop_after_attempt(TRIES),
        wait=_wait,
        sleep=sleep,
        before_sleep=_say,
        retry_error_callback=lambda _: None,
    )
    with suppress(NotSent, Unsure, InputError):  # noted
        tries(_tried, out, parcel, way, allow)
    return replace(standings(journal.of_business(out, parcel.business))[parcel.key, way.name], is_new=True)


def _tried(out: Path, parcel: Parcel, way: Way, allow: Callable[[], None]) -> None:
    """One try; what became of it is noted before another begins."""
    try:
        allow()
        way.send(parcel, lambda: _note(out, parcel, way, "handing over"))
    except (NotSent, InputError) as refused:
        _note(out, parcel, way, "not sent", str(refused))
        raise
    except Unsure as lost:
        _note(out, parcel, way, "unsure", str(lost))
        raise
    _note(out, parcel, way, "sent")


def _say(state: RetryCallState) -> None:
    """To somebody who sits before it and waits."""
    if sys.stderr.isatty() and state.outcome and state.next_action:
        seconds = plural(round(state.next_action.sleep), "second")
        print(f"{state.outcome.exception()}. Trying again in {seconds}.", file=sys.stderr)


def _wait(state: RetryCallState) -> float:
    """The longer of ours and what the other side asked for, and at most the longest."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, NotSent) else 0
    return min(max(_back_off(state), asked), LONGEST_WAIT)


def _note(out: Path, parcel: Parcel, way: Way, event: Event, why: str = "") -> None:
    journal.note(out, event, parcel.key, business=parcel.business.mark, way=way.name, why=why)
