"""Codes for people who are known by an e-mail or a name alone, so that no page shows either."""

import hashlib

from retention_helpers.words.written import bare

_BYTES = 6  # among a million people, two share a code in two of a thousand businesses


def code_for(said: str) -> str:
    """An id for an e-mail or a name: the same for every way of writing it in capitals or with blanks.

    >>> code_for(" Ada@Example.com"), code_for("ada@example.com")
    ('c-3f8429166df9', 'c-3f8429166df9')
    """
    plain = bare(said).lower()
    return f"c-{hashlib.blake2b(plain.encode(), digest_size=_BYTES).hexdigest()}"
