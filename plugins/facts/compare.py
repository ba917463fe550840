"""Two texts beside each other: facts lost, added, exchanged, and statements turned round."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, pairwise

from plugins.facts.dates import read_dates
from plugins.facts.literals import read_identifiers, read_literals, read_names
from plugins.facts.logic import bound, imperatives, signals, turned, un_words
from plugins.facts.numbers import read_numbers
from plugins.facts.text import BLANK, STOP, Fact, Reading, Word, plain, words

_FAR = 0.15
"""Weight of a word beyond a comma, beside one in the same clause."""
_EXCHANGEABLE = (
    ("number", "span"), ("date",), ("time",), ("weekday",), ("name",), ("citation",), ("address", "link"),
    ("code",), ("phone",),
)  # fmt: skip
_OF_ONE_WORD = frozenset({"without", "ohne", "sans", "sin"})
"""Negations of the word after them, not of their whole clause."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a rewrite did to a fact. `what` is `lost`, `added`, `exchanged` or `changed`."""

    kind: str
    what: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind} {self.what}: {self.value}" if self.value else f"{self.kind} {self.what}"


class Text:
    """A text with all that was found in it."""

    def __init__(self, text: str) -> None:
        reading = Reading(text)
        read_literals(reading)
        literal = reading.rest
        read_dates(reading)
        read_identifiers(reading)
        read_numbers(reading)
        self.rest = reading.rest
        read_names(reading)
        self.text = text
        self.plain = " ".join(plain(text).split())
        self.facts = reading.facts
        self.words = words(literal)
        self.vocabulary = {word.text for word in words(text)} | {word.stem for word in self.words}
        self.signals = signals(text, self.rest)
        self.kinds = Counter(signal.kind for signal in self.signals)
        self.kinds["without"] = sum(word.text in _OF_ONE_WORD for word in self.words)

    def values(self, *kinds: str) -> dict[str, Fact]:
        """The facts of some kinds by their value."""
        return {fact.value: fact for fact in self.facts if fact.kind in kinds}

    def demanded(self) -> set[str]:
        """What must be done: the words soon after a must."""
        found: set[str] = set()
        for signal in self.signals:
            if signal.kind == "must":
                after = (word for word in self.words if word.begin >= signal.end and word.text not in STOP)
                found.update(word.stem for word in islice(after, 3))
        return found

    def first_words(self) -> set[str]:
        """The words that begin a sentence or a clause."""
        return {word.stem for before, word in pairwise([None, *self.words]) if word and _begins(before, word)}

    def around(self, begin: int, end: int) -> dict[str, float]:
        """The words that a place in the text belongs to, nearer ones counting more."""
        at = next((i for i, word in enumerate(self.words) if word.begin >= begin), len(self.words))
        here = self.words[at] if at < len(self.words) and self.words[at].begin < end else self._before(at)
        weights: dict[str, float] = {}
        if here is None:
            return weights
        for index, word in enumerate(self.words):
            if word.sentence != here.sentence or word.text in STOP or begin <= word.begin < end:
                continue
            weight = (1.0 if word.clause == here.clause else _FAR) / (1 + abs(index - at) / 4)
            weights[word.stem] = max(weight, weights.get(word.stem, 0))
        return weights

    def _before(self, at: int) -> Word | None:
        return self.words[at - 1] if at else (self.words[0] if self.words else None)


def _begins(before: Word | None, word: Word) -> bool:
    return before is None or before.clause != word.clause or before.text in ("please", "and", "then", "just")


def compare(draft: str, rewrite: str) -> list[Change]:
    """What the rewrite does not keep; an empty list where it says the same."""
    one, two = Text(draft), Text(rewrite)
    return [*_facts(one, two), *_exchanged(one, two), *_bounds(one, two), *_logic(one, two), *_moved(one, two)]


def unsupported(answer: str, sources: Sequence[str]) -> list[Change]:
    """Numbers, dates, links and names of an answer that none of the sources has."""
    given = [Text(source) for source in sources]
    found = Text(answer)
    known = {(fact.kind, fact.value) for text in given for fact in text.facts}
    changes = []
    for fact in found.facts:
        if fact.optional or fact.kind == "citation" or (fact.kind, fact.value) in known:
            continue
        if any(_contains(text, fact) for text in given) or _dated(fact, known):
            continue
        changes.append(Change(fact.kind, "added", fact.value))
    return changes


def _facts(one: Text, two: Text) -> Iterable[Change]:
    for kind in sorted({fact.kind for fact in (*one.facts, *two.facts)}):
        before, after = one.values(kind), two.values(kind)
        lost = [fact for value, fact in before.items() if value not in after and not _contains(two, fact)]
        added = [fact for value, fact in after.items() if value not in before and not _contains(one, fact)]
        lost, added = _without_units(lost, added)
        loose = any(fact.optional for fact in lost), any(fact.optional for fact in added)
        both = all(loose) if kind == "name" else bool(lost and added)
        yield from (Change(kind, "lost", fact.value) for fact in lost if both or not fact.optional)
        yield from (Change(kind, "added", fact.value) for fact in added if both or not fact.optional)


def _without_units(lost: list[Fact], added: list[Fact]) -> tuple[list[Fact], list[Fact]]:
    """Leave out numbers that differ only in that one of the two names no unit."""
    for fact in list(lost):
        value, _, unit = fact.value.partition(" ")
        for other in added:
            number, _, counted = other.value.partition(" ")
            if fact.kind == "number" and value == number and (not unit or not counted):
                lost = [each for each in lost if each is not fact]
                added = [each for each in added if each is not other]
                break
    return lost, added


def _contains(text: Text, fact: Fact) -> bool:
    """Whether a text has what is a fact elsewhere, in a form that is none here."""
    if fact.kind == "name":
        return fact.value in text.vocabulary or fact.value.rstrip("s") in text.vocabulary
    if fact.kind in ("code", "quotation", "address"):
        return " ".join(plain(fact.value).split()) in text.plain
    return False


def _dated(fact: Fact, known: set[tuple[str, str]]) -> bool:
    """A date without its year where the sources have the year, and the other way round."""
    return fact.kind == "date" and any(
        kind == "date" and (value.endswith(fact.value) or fact.value.endswith(value)) for kind, value in known
    )


def _exchanged(one: Text, two: Text) -> Iterable[Change]:
    """Two facts of a kind that have changed places: each stands where the other stood."""
    for kinds in _EXCHANGEABLE:
        before, after = one.values(*kinds), two.values(*kinds)
        shared = [value for value in before if value in after and not _is_pace(one, before[value])]
        for a, b in combinations(shared[:12], 2):
            context = {
                (side, value): text.around(facts[value].begin, facts[value].end)
                for side, text, facts in ((1, one, before), (2, two, after))
                for value in (a, b)
            }
            same = _alike(context[1, a], context[2, a]) + _alike(context[1, b], context[2, b])
            cross = _alike(context[1, a], context[2, b]) + _alike(context[1, b], context[2, a])
            if cross > 1.25 * same + 0.1:
                yield Change(kinds[0], "exchanged", f"{a} and {b}")


def _is_pace(text: Text, fact: Fact) -> bool:
    """Whether a span of time is how often something happens, and no length: `daily`, `a year`."""
    return fact.kind == "span" and plain(text.text[fact.begin : fact.end]).strip()[:3] not in (
        "one",
        "1 d",
        "1 w",
        "1 m",
        "1 y",
    )


def _alike(one: dict[str, float], two: dict[str, float]) -> float:
    return sum(min(weight, two[stem]) for stem, weight in one.items() if stem in two)


def _bounds(one: Text, two: Text) -> Iterable[Change]:
    """`at most 5` that has become `at least 5`, or just `5`."""
    given, said = (
        {bound(text.rest, fact.begin, fact.end) for fact in text.facts if fact.kind == "number"} for text in (one, two)
    )
    for kind in ("number", "span", "time"):
        after = two.values(kind)
        for value, fact in one.values(kind).items():
            if value in after:
                before, now = (
                    bound(text.rest, found.begin, found.end) for text, found in ((one, fact), (two, after[value]))
                )
                shared = (not before and now in given) or (not now and before in said)  # `at most 5 and 10`
                if (
                    before != now
                    and not shared
                    and not _over(value, {before, now})
                    and not (kind == "span" and not (before and now))
                ):
                    yield Change("limit", "changed", f"{before or 'exactly'} {value}, now {now or 'exactly'}")


def _over(value: str, bounds: set[str]) -> bool:
    """`over 6 hours` is more than 6, or it is the time that something takes."""
    lasting = value.rpartition(" ")[2] in ("minute", "day", "working day", "month")
    return bounds == {"over", "more than"} or (lasting and bounds == {"over", ""})


def _logic(one: Text, two: Text) -> Iterable[Change]:
    a, b = one.kinds, two.kinds
    if word := turned(one.text, two.text):
        yield Change("negation", "changed", word)
    reworded = un_words(one.text, two.text) or un_words(two.text, one.text)
    asked = (
        imperatives(one.text) or two.demanded() & one.first_words(),
        imperatives(two.text) or one.demanded() & two.first_words(),
    )
    for kind, label in (("not", "negation"), ("optional", "obligation"), ("should", "obligation")):
        stands_in = {"not": ("except", "only", "optional"), "optional": ("without",), "should": ()}[kind]
        if kind == "not" and reworded:
            continue
        if a[kind] and not b[kind] and not any(b[other] > a[other] for other in stands_in):
            yield Change(label, "lost", kind)
        if b[kind] and not a[kind] and not any(a[other] > b[other] for other in stands_in):
            yield Change(label, "added", kind)
    if a["must"] and not b["must"] and not asked[1] and b["only"] <= a["only"]:
        yield Change("obligation", "lost", "must")
    if b["must"] and not a["must"] and not asked[0] and a["only"] <= b["only"]:
        yield Change("obligation", "added", "must")
    if not reworded and (label := _unsaid(one, two) or _unsaid(two, one)):
        yield Change("negation", "changed", label)
    yield from _conditions(a, b)


_NEGATIVE = ("not", "optional", "except")


def _unsaid(one: Text, two: Text) -> str:
    """A clause of the first text that is negated, and less so where the second text has its words."""
    if sum(one.kinds[kind] for kind in _NEGATIVE) <= sum(two.kinds[kind] for kind in _NEGATIVE):
        return ""
    mine, others = _by_clause(one), _by_clause(two)
    for stems, negations in mine:
        if negations and stems and others:
            best, less = max(others, key=lambda other: len(stems & other[0]))
            shared = len(stems & best)
            if less < negations and (shared >= 2 or shared == len(stems)) and shared * 2 > len(best):
                return ", ".join(sorted(stems & best))
    return ""


def _by_clause(text: Text) -> list[tuple[set[str], int]]:
    """The words of each clause, and how many negations it has."""
    negations = Counter(_clauses(text, _NEGATIVE))
    stems: dict[int, set[str]] = {}
    for word in text.words:
        if word.text not in STOP and text.rest[word.begin] != BLANK:
            stems.setdefault(word.clause, set()).add(word.stem)
    return [(found, negations[clause]) for clause, found in stems.items()]


def _conditions(a: Counter[str], b: Counter[str]) -> Iterable[Change]:
    for before, after, what in ((a, b, "lost"), (b, a, "added")):
        if before["even"] and not after["even"]:
            yield Change("condition", what, "even")
        if before["only"] and not after["only"] and not after["must"] > before["must"]:
            yield Change("condition", what, "only")
        if (
            before["except"]
            and not after["except"]
            and not (after["not"] > before["not"] or after["only"] > before["only"])
        ):
            yield Change("condition", what, "except")
    for kind, opposite in (("before", "after"), ("until", "after"), ("until", "from"), ("before", "from")):
        for had, has in ((kind, opposite), (opposite, kind)):
            if a[had] > b[had] and b[has] > a[has]:
                yield Change("condition", "changed", f"{had}, now {has}")


def _moved(one: Text, two: Text) -> Iterable[Change]:
    """A negation or an obligation that now belongs to something else."""
    for kinds, label in ((("not", "optional"), "negation"), (("must",), "obligation")):
        before = [one.around(s.begin, s.end) for s in one.signals if s.kind in kinds]
        after = [two.around(s.begin, s.end) for s in two.signals if s.kind in kinds]
        if before and after and (stems := _turned_stems(one, two, kinds)):
            yield Change(label, "exchanged", stems)


def _turned_stems(one: Text, two: Text, kinds: tuple[str, ...]) -> str:
    """Words that stood in a negated clause and now stand in a plain one, while others did the opposite."""
    sides = []
    for text in (one, two):
        marked = set(_clauses(text, kinds))
        inside: set[str] = set()
        outside: set[str] = set()
        for word in text.words:
            if word.text not in STOP and text.rest[word.begin] != BLANK:
                (inside if word.clause in marked else outside).add(word.stem)
        sides.append((inside - outside, outside - inside))
    (in_one, out_one), (in_two, out_two) = sides
    left, came = in_one & out_two, out_one & in_two
    return f"{', '.join(sorted(left))} and {', '.join(sorted(came))}" if left and came else ""


def _clauses(text: Text, kinds: tuple[str, ...]) -> Iterable[int]:
    for signal in text.signals:
        if signal.kind in kinds and plain(text.text[signal.begin : signal.end]) not in _OF_ONE_WORD:
            at = [word for word in text.words if word.begin < signal.end]
            if at:
                yield at[-1].clause
