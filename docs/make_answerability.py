"""Train the network that says whether a passage answers a question (`knowledge/answerability.py`).

    pip install torch
    python -m docs.make_answerability

`docs/answerability.jsonl.gz` holds what it learns from: passages of made-up companies, each with questions that
it answers and near misses, which are on the same matter and not answered. Questions of other passages that
look alike are near misses too. An eighth of the passages is held out, to see how well new ones are judged.
It takes ten minutes on two cores, and is to be run only when the embedding model or the data changes.
"""

import asyncio
import gzip
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.ranking import auc
from knowledge.answerability import BLOCKS, HEADS, MODEL, NEAREST, WEIGHTS, Answerability, Array
from knowledge.embedding import Embedder, load_embedder
from settings.sections import EmbeddingSettings

_DATA = Path(__file__).with_name("answerability.jsonl.gz")
_TARGET = Path(__file__).parents[1] / "knowledge" / "models" / "minilm" / WEIGHTS
_WIDTH = 128
_DROPOUT = 0.3
_NETWORKS = 3
_EPOCHS = 3
_RATE = 1e-3
_DECAY = 0.2
_PASSAGES = 8
"""Passages of one step, each with all its questions."""
_LOOKALIKES = 6
"""Questions of other passages that stand beside a passage's own in a step."""
_NEAREST_PASSAGES = 4
"""Passages beside its own for which a question is such a lookalike."""
_HELD_OUT = 8
"""Every how-manieth passage is not learned from."""


@dataclass(slots=True)
class Sample:
    """A passage as the search reads it, with the token vectors of all its questions."""

    passage: Array
    answered: list[Array]
    missed: list[Array]
    alike: list[Array] = field(default_factory=list)


class Network(nn.Module):
    """What `Answerability` computes, for several passages with several questions each."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.question, self.passage = nn.Linear(dimension, _WIDTH), nn.Linear(dimension, _WIDTH)
        self.likeness, self.best = nn.Linear(NEAREST, _WIDTH), nn.Linear(dimension, _WIDTH)
        self.question_norm, self.passage_norm = nn.LayerNorm(_WIDTH), nn.LayerNorm(_WIDTH)
        self.summary = nn.Parameter(torch.randn(_WIDTH) * 0.02)
        self.blocks = nn.ModuleList(Block() for _ in range(BLOCKS))
        self.norm, self.verdict = nn.LayerNorm(_WIDTH), nn.Linear(2 * _WIDTH, 1)
        self.cosine = nn.Parameter(torch.tensor([3.0, -1.5]))
        self.dropout = nn.Dropout(_DROPOUT)

    def forward(
        self, question: torch.Tensor, asked: torch.Tensor, passage: torch.Tensor, read: torch.Tensor
    ) -> torch.Tensor:
        """[passages, questions, tokens, dimension] and [passages, tokens, dimension], each with what is no filling."""
        passages, questions, tokens, _ = question.shape
        flat = functional.normalize(question, dim=-1).view(passages, questions * tokens, -1)
        likeness = (flat @ functional.normalize(passage, dim=-1).transpose(1, 2)).masked_fill(~read[:, None, :], -1)
        nearest, places = likeness.topk(NEAREST, 2)
        best = passage.gather(1, places[:, :, :1].expand(-1, -1, passage.shape[2]))
        shape = (passages, questions, tokens, -1)
        told = self.question(question) + self.likeness(nearest.view(*shape)) + self.best(best).view(*shape)
        summary = self.summary.expand(passages, questions, 1, -1)
        states = self.dropout(torch.cat([summary, self.question_norm(told)], 2))
        there = torch.cat([torch.ones_like(asked[:, :, :1]), asked], 2)
        context = self.dropout(self.passage_norm(self.passage(passage)))
        for block in self.blocks:
            states = block(states, there, context, read)
        states = self.norm(states)
        share = there[..., None].float()
        mean = (states * share).sum(2) / share.sum(2)
        verdict = self.verdict(self.dropout(torch.cat([states[:, :, 0], mean], -1)))[..., 0]
        whole = functional.normalize(_mean(question, asked), dim=-1)
        cosines = (whole * functional.normalize(_mean(passage, read), dim=-1)[:, None]).sum(-1)
        return torch.as_tensor(verdict + self.cosine[0] * cosines + self.cosine[1])


class Block(nn.Module):
    """The question's tokens look at each other, then at the passage's."""

    def __init__(self) -> None:
        super().__init__()
        self.own_norm, self.cross_norm, self.wide_norm = (nn.LayerNorm(_WIDTH) for _ in range(3))
        self.own, self.own_out = nn.Linear(_WIDTH, 3 * _WIDTH), nn.Linear(_WIDTH, _WIDTH)
        self.cross, self.cross_passage = nn.Linear(_WIDTH, _WIDTH), nn.Linear(_WIDTH, 2 * _WIDTH)
        self.cross_out = nn.Linear(_WIDTH, _WIDTH)
        self.wide, self.narrow = nn.Linear(_WIDTH, 2 * _WIDTH), nn.Linear(2 * _WIDTH, _WIDTH)
        self.dropout = nn.Dropout(_DROPOUT)

    def forward(
        self, states: torch.Tensor, asked: torch.Tensor, context: torch.Tensor, read: torch.Tensor
    ) -> torch.Tensor:
        """Shapes as in `Network.forward`."""
        passages, questions, tokens, width = states.shape
        queries, keys, values = self.own(self.own_norm(states)).view(-1, tokens, 3 * width).chunk(3, -1)
        own = _attention(queries, keys, values, asked.view(-1, tokens))
        states = states + self.dropout(self.own_out(own)).view_as(states)
        queries = self.cross(self.cross_norm(states)).view(passages, questions * tokens, width)
        keys, values = self.cross_passage(context).chunk(2, -1)
        states = states + self.dropout(self.cross_out(_attention(queries, keys, values, read))).view_as(states)
        wide = functional.gelu(self.wide(self.wide_norm(states)), approximate="tanh")
        return torch.as_tensor(states + self.dropout(self.narrow(self.dropout(wide))))


def main() -> None:
    """Train, say how well passages are judged that no network has seen, and write the weights."""
    embedder = load_embedder(EmbeddingSettings(), Path("unused"))
    samples = asyncio.run(_samples(embedder))
    random.Random(0).shuffle(samples)
    held_out, learned = samples[::_HELD_OUT], [s for place, s in enumerate(samples) if place % _HELD_OUT]
    _add_lookalikes(learned)
    networks = [_trained(number, embedder.dimension, learned, held_out) for number in range(_NETWORKS)]
    states = [network.state_dict() for network in networks]
    weights = {name: torch.stack([state[name] for state in states]).numpy().astype(np.float16) for name in states[0]}
    weights[MODEL] = np.array(embedder.fingerprint)
    _compare(networks, Answerability(weights), held_out)
    np.savez_compressed(_TARGET, allow_pickle=False, **weights)
    embedder.close()
    print(f"{_TARGET}: {sum(map(np.size, weights.values())):,} weights, {_TARGET.stat().st_size:,} bytes")


def _trained(number: int, dimension: int, learned: list[Sample], held_out: Sequence[Sample]) -> "Network":
    torch.manual_seed(number)
    draw = random.Random(number)
    network = Network(dimension)
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    steps = _EPOCHS * -(-len(learned) // _PASSAGES)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps + 1, pct_start=0.15)
    for epoch in range(_EPOCHS):
        loss = _learn(network, learned, optimizer, schedule, draw)
        judged = auc(*_scores([network], held_out))
        print(f"network {number + 1} of {_NETWORKS}, epoch {epoch + 1} of {_EPOCHS}: loss {loss:.3f}, AUC {judged:.3f}")
    return network


async def _samples(embedder: Embedder) -> list[Sample]:
    rows = [json.loads(line) for line in gzip.decompress(_DATA.read_bytes()).decode().splitlines()]
    print(f"{len(rows)} passages, {sum(len(row['yes']) + len(row['no']) for row in rows)} questions")
    samples = []
    for row in rows:
        texts = ["\n".join(filter(None, (row["title"], row["heading"], row["text"]))), *row["yes"], *row["no"]]
        passage, *questions = await embedder.tokens(texts)
        answered = len(row["yes"])
        samples.append(Sample(passage, questions[:answered], questions[answered:]))
    return samples


def _add_lookalikes(samples: Sequence[Sample]) -> None:
    passages = np.stack([_direction(sample.passage) for sample in samples])
    for place, sample in enumerate(samples):
        for question in sample.answered:
            likeness = passages @ _direction(question)
            likeness[place] = -1
            for other in np.argsort(-likeness)[:_NEAREST_PASSAGES]:
                samples[other].alike.append(question)


def _direction(tokens: Array) -> Array:
    mean: Array = tokens.mean(axis=0)
    return mean / np.float32(np.linalg.norm(mean))


def _learn(
    network: Network,
    samples: list[Sample],
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    draw: random.Random,
) -> float:
    """See every passage once; the mean loss."""
    network.train()
    losses = []
    for batch in _batches(samples, draw):
        groups = [
            (s.passage, [*s.answered, *s.missed, *draw.sample(s.alike, min(_LOOKALIKES, len(s.alike)))]) for s in batch
        ]
        inputs, there = _padded(groups)
        wanted = torch.zeros(there.shape)
        for row, sample in enumerate(batch):
            wanted[row, : len(sample.answered)] = 1
        each = functional.binary_cross_entropy_with_logits(network(*inputs), wanted, reduction="none")
        loss = (each * (1 + wanted / 2) * there).sum() / there.sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def _batches(samples: Sequence[Sample], draw: random.Random) -> list[list[Sample]]:
    """Passages of like lengths together, so that little filling is computed; another order every time."""
    order = sorted(samples, key=lambda sample: len(sample.passage) / 40 + draw.random() * 3)
    batches = [list(order[place : place + _PASSAGES]) for place in range(0, len(order), _PASSAGES)]
    draw.shuffle(batches)
    return batches


def _padded(groups: Sequence[tuple[Array, Sequence[Array]]]) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
    """The inputs of the network for passages with their questions, and which questions are no filling."""
    most, dimension = max(len(questions) for _, questions in groups), groups[0][0].shape[1]
    longest = max(len(question) for _, questions in groups for question in questions)
    passages = np.zeros((len(groups), max(len(passage) for passage, _ in groups), dimension), np.float32)
    read = np.zeros(passages.shape[:2], bool)
    asked = np.zeros((len(groups), most, longest), bool)
    questions = np.zeros((*asked.shape, dimension), np.float32)
    there = np.zeros((len(groups), most), bool)
    for row, (passage, some) in enumerate(groups):
        passages[row, : len(passage)], read[row, : len(passage)] = passage, True
        for column, question in enumerate(some):
            questions[row, column, : len(question)], asked[row, column, : len(question)] = question, True
            there[row, column] = True
    asked[:, :, 0] = True  # a softmax over nothing has no value
    return tuple(map(torch.from_numpy, (questions, asked, passages, read))), torch.from_numpy(there)


def _mean(tokens: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    share = there[..., None].float()
    return (tokens * share).sum(-2) / share.sum(-2)


def _attention(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    rows, width = len(queries), queries.shape[-1]
    heads = [part.view(rows, -1, HEADS, width // HEADS).transpose(1, 2) for part in (queries, keys, values)]
    seen = functional.scaled_dot_product_attention(*heads, attn_mask=there[:, None, None, :])
    return seen.transpose(1, 2).reshape(rows, -1, width)


def _scores(networks: Sequence[Network], samples: Iterable[Sample]) -> tuple[list[float], list[float]]:
    """Mean verdicts on the questions that passages answer, and on their near misses."""
    answered: list[float] = []
    missed: list[float] = []
    with torch.no_grad():
        for sample in samples:
            inputs, _ = _padded([(sample.passage, [*sample.answered, *sample.missed])])
            scores = torch.stack([network.eval()(*inputs)[0] for network in networks]).mean(0).tolist()
            answered += scores[: len(sample.answered)]
            missed += scores[len(sample.answered) :]
    return answered, missed


def _compare(networks: Sequence[Network], shipped: Answerability, samples: Sequence[Sample]) -> None:
    """See that what ships computes the same, but for the weights' rounding."""
    answered, missed = _scores(networks, samples)
    again = [one for sample in samples for one in shipped.logits(sample.answered, sample.passage)]
    worst = max(abs(one - other) for one, other in zip(answered, again, strict=True))
    assert worst < 0.05, f"the networks and knowledge/answerability.py differ by {worst}"
    print(
        f"together: AUC {auc(answered, missed):.3f}; in numpy and half precision no verdict differs by over {worst:.4f}"
    )


if __name__ == "__main__":
    main()
