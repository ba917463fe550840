"""`python -m benchmarks [NAME ...] [--docs DIR] [--questions FILE]`: all figures, or some of them."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import asking, crashing, indexing, retrieval, searching, syncing, tone
from benchmarks.measure import CHECKOUT, Figure
from benchmarks.questions import SAMPLE


def main() -> None:
    """Print a line a figure; exit status 1 where one is over its bound."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="retrieval, searching, syncing, asking, indexing, crashing, tone"
    )
    parser.add_argument("--docs", type=Path, default=CHECKOUT / "knowledge" / "docs", help="folder of documents")
    parser.add_argument("--questions", type=Path, default=SAMPLE, help="questions about them, YAML or JSON lines")
    options = parser.parse_args()
    known: dict[str, Callable[[], Iterator[Figure]]] = {
        "retrieval": lambda: retrieval.run(options.docs, options.questions),
        "searching": lambda: searching.run(options.docs),
        "syncing": syncing.run,
        "asking": lambda: asking.run(options.docs),
        "indexing": lambda: indexing.run(options.docs),
        "crashing": lambda: crashing.run(options.docs),
        "tone": tone.run,
    }
    if unknown := set(options.names) - set(known):
        parser.error(f"no benchmark named {', '.join(sorted(unknown))} (known: {', '.join(known)})")
    fine = True
    for name in options.names or known:
        for figure in known[name]():
            print(figure, flush=True)
            fine = fine and figure.good
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
