"""`python -m benchmarks [NAME ...] [--docs DIR] [--questions FILE] [--rounds N] [--server]`: all figures, or some."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import (
    asking,
    bots,
    crashing,
    dropping,
    fuzzing,
    indexing,
    linting,
    overhead,
    plugins,
    quoting,
    retrieval,
    searching,
    swapping,
    syncing,
    tone,
)
from benchmarks.measure import CHECKOUT, Figure
from benchmarks.questions import SAMPLE


def main() -> None:
    """Print a line a figure; exit status 1 where one is over its bound."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; a wrong one lists what there is")
    parser.add_argument("--docs", type=Path, default=CHECKOUT / "knowledge" / "docs", help="folder of documents")
    parser.add_argument("--questions", type=Path, default=SAMPLE, help="questions about them, YAML or JSON lines")
    parser.add_argument("--rounds", type=int, default=20, help="how often crashing and bots kill a process")
    parser.add_argument("--server", action="store_true", help="let crashing have its points on a server")
    options = parser.parse_args()
    runs: dict[str, Callable[[], Iterator[Figure]]] = {
        "retrieval": lambda: retrieval.run(options.docs, options.questions),
        "quoting": lambda: quoting.run(options.docs, options.questions),
        "searching": lambda: searching.run(options.docs),
        "syncing": syncing.run,
        "asking": lambda: asking.run(options.docs),
        "overhead": lambda: overhead.run(options.docs),
        "plugins": plugins.run,
        "swapping": swapping.run,
        "indexing": lambda: indexing.run(options.docs),
        "tone": tone.run,
        "dropping": lambda: dropping.run(options.docs),
        "linting": linting.run,
        "crashing": lambda: crashing.run(options.rounds, options.server),
        "bots": lambda: bots.run(options.rounds),
        "fuzzing": lambda: fuzzing.run(options.docs),
    }
    if unknown := set(options.names) - set(runs):
        parser.error(f"no benchmark named {', '.join(sorted(unknown))} (known: {', '.join(runs)})")
    fine = True
    for name in options.names or runs:
        for figure in runs[name]():
            print(figure, flush=True)
            fine = fine and figure.good
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
