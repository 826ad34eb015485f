"""Finding listed phrases in what people wrote, in languages with and without blanks between words."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

# Scripts that write words without blanks between them: Han, kana.
UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
CLAUSE = "|"  # stands where a sign ends a clause
KEY = 2  # letters by which phrases are looked up
MOST_WORDS, MOST_SIGNS = 6, 12  # of a frequent phrase
VARIETY = 2  # different signs on either side of what is a word
LONG_WORD = 5  # letters of a word that says something alone
_GAP_WORDS = r"(?: [^ |]+){0,3}? "
_GAP_SIGNS = r"[^|]{0,6}?"
_IS_UNSPACED = re.compile(f"[{UNSPACED}]")
_IS_HIRAGANA = re.compile("[\u3040-\u309f\u30fc]+")
_BETWEEN = re.compile(rf"(?<=[{UNSPACED}])(?=[^{UNSPACED}\s])|(?<=[^{UNSPACED}\s])(?=[{UNSPACED}])")
_STARTS = re.compile(rf"[{UNSPACED}]|(?<!\w)\w")
_DENIAL_REACH, _PRAISE_REACH = 2, 3  # words; in Chinese, signs


def small(text: str) -> str:
    """A text in small letters, its words a blank apart, with a bar where a clause ends."""
    letters = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    spaced = re.sub(r"(?<=\w)-(?=\w)|[*_`~#]", " ", letters)  # Markdown's signs end no clause
    clauses = re.sub(r"[^\w\s']+|(?<!\w)'|'(?!\w)", f" {CLAUSE} ", spaced)
    return " ".join(_BETWEEN.sub(" ", clauses).split())


def normal(text: str) -> str:
    """A text as phrases are compared with it: small, and without accents.

    >>> normal("Zu teuer – für UNS, sorry!")
    'zu teuer | fur uns | sorry |'
    """
    apart = unicodedata.normalize("NFD", small(text))
    return unicodedata.normalize("NFC", "".join(sign for sign in apart if unicodedata.category(sign) != "Mn"))


def is_unspaced(text: str) -> bool:
    """Whether a text holds signs of a script without blanks between words."""
    return bool(_IS_UNSPACED.search(text))


class Found(NamedTuple):
    """A phrase in a text: the list that it stands in, the phrase as listed, and where it stands."""

    name: str
    phrase: str
    start: int
    end: int


class _Phrase(NamedTuple):
    name: str
    phrase: str
    pattern: re.Pattern[str]
    denies: bool  # holds a denial itself


class PhraseLists:
    """Lists of phrases by name, and how to find them.

    `lists` has phrases by language under each name. `*` at the end of a word is any ending, ` .. ` a gap.
    """

    def __init__(
        self,
        lists: Mapping[str, Mapping[str, Sequence[str]]],
        *,
        denials: Iterable[str] = (),
        praise: Iterable[str] = (),
        praised: str = "",
    ) -> None:
        self.names = tuple(lists)
        self._denials = frozenset(normal(word) for word in denials)
        self._praise = re.compile("|".join(_pattern(word).pattern for word in praise) or "(?!)")
        self._praised = praised
        self._by_start: dict[str, list[_Phrase]] = {}
        for name, languages in lists.items():
            for phrase in dict.fromkeys(phrase for phrases in languages.values() for phrase in phrases):
                listed = _Phrase(name, phrase, _pattern(phrase), self._denies(phrase))
                self._by_start.setdefault(_plain(phrase)[:KEY], []).append(listed)

    def _denies(self, phrase: str) -> bool:
        """Whether a phrase holds a denial itself, such as "not using"."""
        plain = normal(phrase)
        if is_unspaced(plain):
            return any(word in plain for word in self._denials if is_unspaced(word))
        return not self._denials.isdisjoint(plain.split())

    def found(self, text: str) -> list[Found]:
        """The phrases in a text, in their order; of those of one list that overlap, the first and longest."""
        plain = normal(text)
        until = dict.fromkeys(self.names, 0)
        found = []
        for one in self._every(plain):
            if one.start >= until[one.name]:
                until[one.name] = one.end
                found.append(one)
        return found

    def _every(self, plain: str) -> Iterator[Found]:
        for start in (place.start() for place in _STARTS.finditer(plain)):
            matches = [
                (listed, match.end())
                for listed in self._by_start.get(plain[start : start + KEY], ())
                if (match := listed.pattern.match(plain, start))
            ]
            for listed, end in sorted(matches, key=lambda pair: -pair[1]):
                if not self._is_spared(listed, plain, start, end):
                    yield Found(listed.name, listed.phrase, start, end)

    def _is_spared(self, listed: _Phrase, plain: str, start: int, end: int) -> bool:
        """Whether the words around deny the phrase, or praise what it names."""
        before = _last(plain[:start], _DENIAL_REACH)
        if not listed.denies and any(word in self._denials for word in before):
            return True
        if listed.name != self._praised:
            return False
        around = [*before, *_first(plain[end:], _PRAISE_REACH)]
        return any(self._praise.fullmatch(word) for word in around)


def _plain(phrase: str) -> str:
    """A phrase without its marks, as it is looked up."""
    return normal(phrase.split(" .. ")[0].replace("*", ""))


def _pattern(phrase: str) -> re.Pattern[str]:
    parts = [
        " ".join(
            re.escape(normal(word.removesuffix("*"))) + (r"\w*" if word.endswith("*") else "")
            for word in part.split()
        )
        for part in phrase.split(" .. ")
    ]
    if is_unspaced(phrase):
        return re.compile(_GAP_SIGNS.join(parts))
    return re.compile(_GAP_WORDS.join(parts) + r"(?!\w)")


def _last(text: str, reach: int) -> list[str]:
    """The last words of a clause; in a script without blanks, its last signs and what they make together."""
    clause = text.rsplit(CLAUSE, 1)[-1]
    if is_unspaced(clause[-reach - 1 :]):
        signs = clause.strip()[-reach:]
        return [*signs, signs]
    return clause.split()[-reach:]


def _first(text: str, reach: int) -> list[str]:
    """The first words of the rest of a clause; in a script without blanks, every run of its first signs."""
    clause = text.split(CLAUSE, 1)[0]
    if is_unspaced(clause[: reach + 1]):
        signs = clause.strip()[: reach + 2]
        return [signs[begin:end] for begin in range(len(signs)) for end in range(begin + 1, len(signs) + 1)]
    return clause.split()[:reach]


def frequent(texts: Sequence[str], *, at_least: int, most: int, ignored: Iterable[str] = ()) -> Counter[str]:
    """The phrases that come in the most texts, each counted once a text, with no list behind them.

    A phrase has up to six words, the first and the last none of `ignored`, or in a script without blanks two
    to twelve signs that stand between different ones here and there: what always has the same neighbour is a
    piece of a longer word (accessor variety, Feng, Chen, Deng and Zheng 2004). One that stands in a longer
    phrase of as many texts is left out, and so is a single short word. The most frequent first, then the
    longest.
    """
    skipped = frozenset(normal(word) for word in ignored)
    clauses = [[clause for clause in small(text).split(CLAUSE) if clause.strip()] for text in texts]
    counts: Counter[str] = Counter()
    for own in clauses:
        counts.update({phrase for clause in own for phrase in _within(clause, skipped)})
    often = {phrase for phrase, many in counts.items() if many >= at_least}
    pieces = _pieces(clauses, {phrase for phrase in often if is_unspaced(phrase)})
    ordered = sorted(often - pieces, key=lambda phrase: (-counts[phrase], -len(phrase), phrase))
    kept: list[str] = []
    for phrase in ordered:
        if len(kept) < most and not any(
            _is_part(phrase, longer) for longer in kept if counts[longer] == counts[phrase]
        ):
            kept.append(phrase)
    return Counter({phrase: counts[phrase] for phrase in kept})


def _pieces(clauses: Sequence[Sequence[str]], often: set[str]) -> set[str]:
    """Those of these runs that are pieces of longer words: on one side they always have one neighbour.

    The edge of a run counts as another neighbour each time.
    """
    before: dict[str, set[str]] = {run: set() for run in often}
    after: dict[str, set[str]] = {run: set() for run in often}
    runs = (
        [run for own in clauses for clause in own for run in clause.split() if is_unspaced(run)]
        if often
        else []
    )
    for nth, run in enumerate(runs):
        for start, gram in _grams(run):
            if gram in often:
                end = start + len(gram)
                before[gram].add(run[start - 1] if start else f"edge {nth}")
                after[gram].add(run[end] if end < len(run) else f"edge {nth}")
    return {run for run in often if min(len(before[run]), len(after[run])) < VARIETY}


def _grams(run: str) -> Iterator[tuple[int, str]]:
    """Every part of a run that may be a phrase, with where it starts; hiragana alone are mere endings."""
    for length in range(2, MOST_SIGNS + 1):
        for start in range(len(run) - length + 1):
            gram = run[start : start + length]
            if not _IS_HIRAGANA.fullmatch(gram):
                yield start, gram


def _is_part(phrase: str, longer: str) -> bool:
    return phrase in longer if is_unspaced(longer) else f" {phrase} " in f" {longer} "


def _within(clause: str, skipped: frozenset[str]) -> Iterator[str]:
    """Every phrase of a clause."""
    for run in clause.split():
        if is_unspaced(run):
            yield from (gram for _, gram in _grams(run) if gram not in skipped)
    words = clause.split()
    is_told = [normal(word) not in skipped for word in words]
    for length in range(1, MOST_WORDS + 1):
        for start in range(len(words) - length + 1):
            own = words[start : start + length]
            is_long = length > 1 or len(own[0]) >= LONG_WORD
            if is_told[start] and is_told[start + length - 1] and is_long:
                phrase = " ".join(own)
                if not is_unspaced(phrase):
                    yield phrase
