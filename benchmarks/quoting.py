"""Without a model: do the quotes of an answer say what a right answer must say, and are they short?

Each question is searched as it is in a chat, and the best sentences of what is found are quoted. A right answer
contains the strings that the questions' file names for it; where the passages at hand contain them, only the choice
of sentences is at fault. `python -m benchmarks.quoting` prints that a question.
"""

import argparse
import asyncio
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from benchmarks.measure import CHECKOUT, Figure, at_least, at_most, make_home
from benchmarks.questions import SAMPLE, Question, read_questions
from knowledge import Index, open_index
from knowledge.documents import count_words
from knowledge.question import stands_alone
from settings import load_settings


@dataclass(frozen=True, slots=True)
class Quoted:
    """What came out for a question: whether all wanted strings are quoted, and stand in what was found."""

    question: Question
    text: str
    whole: bool
    at_hand: bool

    @property
    def words(self) -> int:
        """How long the quotes are."""
        return count_words(self.text)


def run(documents: Path, questions: Path = SAMPLE) -> Iterator[Figure]:
    """The figures with their bounds."""
    measured = measure(documents, questions)
    wanted = [one for one in measured if one.question.contains]
    if not wanted:
        return
    hits, at_hand = sum(one.whole for one in wanted), sum(one.at_hand for one in wanted)
    beside = f"{hits} of {len(wanted)}; the passages found have all of it for {at_hand}"
    yield at_least("quotes say all that a right answer must", hits / len(wanted), 0.6, beside)
    words = [one.words for one in measured if one.text]
    most = quantiles(words, n=20)[-1]
    beside = f"{len(words)} questions, longest {max(words)}"
    yield at_most("length of the quotes, p50", median(words), 75, beside, " words")
    yield at_most("length of the quotes, p95", most, 100, beside, " words")


def measure(documents: Path, questions: Path = SAMPLE) -> list[Quoted]:
    """All questions that the documents answer."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), documents, questions))


async def _measure(folder: Path, documents: Path, questions: Path) -> list[Quoted]:
    async with open_index(load_settings(make_home(folder / "home", documents))) as index:
        await index.sync()
        return [await _quoted(index, question) for question in read_questions(questions) if question.answerable]


async def _quoted(index: Index, question: Question) -> Quoted:
    found = await index.search(question.text, question.groups, thread=question.thread, answer=question.answer)
    before = () if stands_alone(question.text) else question.thread[-1:]  # as the answer's step does
    asked = " ".join([*before, question.text])
    quotes = await index.quote(asked, found.passages)
    text = "\n\n".join(quote.text for quote in quotes)
    passages = "\n\n".join(passage.text for passage in found.passages)
    return Quoted(question, text, _has(question.contains, text), _has(question.contains, passages))


def _has(wanted: Sequence[str], text: str) -> bool:
    there = _plain(text)
    return all(_plain(one) in there for one in wanted)


def _plain(text: str) -> str:
    return re.sub(r"[\s*_`]+", " ", text).casefold()


def main() -> None:
    """Print what became of each question."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quoting", description=__doc__)
    parser.add_argument("--docs", type=Path, default=CHECKOUT / "knowledge" / "docs", help="folder of documents")
    parser.add_argument("--questions", type=Path, default=SAMPLE, help="questions about them")
    parser.add_argument("--text", action="store_true", help="print the quotes as well")
    options = parser.parse_args()
    for one in measure(options.docs, options.questions):
        state = "quoted" if one.whole else "found" if one.at_hand else "not found"
        print(f"{one.question.id} {state:9} {one.words:4} words  {one.question.text}")
        if options.text:
            print(f"    wanted: {', '.join(one.question.contains)}")
            print("\n".join(f"    | {line}" for line in one.text.split("\n")))


if __name__ == "__main__":
    main()
