"""What Deskhand sends to a Qdrant server, a model a request: what differs from it is refused."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Dense(Strict):
    size: int = Field(ge=1)
    distance: Literal["Cosine"]


class SparseParams(Strict):
    modifier: None = None


class CreateCollection(Strict):
    vectors: dict[str, Dense]
    sparse_vectors: dict[str, SparseParams]
    shard_number: int = Field(ge=1, le=1)
    metadata: dict[str, str]


class CreateIndex(Strict):
    field_name: str
    field_schema: Literal["keyword"]


class Sparse(Strict):
    indices: list[Annotated[int, Field(ge=0, lt=2**32)]]
    values: list[float]


class Point(Strict):
    id: int = Field(ge=0, lt=2**64)
    vector: dict[str, list[float] | Sparse]
    payload: dict[str, Any]


class Points(Strict):
    points: list[Point] = Field(min_length=1, max_length=64)


def _unique(values: list[str]) -> list[str]:
    if len(set(values)) != len(values):
        raise ValueError("items are not unique")
    return values


class AnyOf(Strict):
    any: Annotated[list[str], AfterValidator(_unique)]


class Value(Strict):
    value: str


class Condition(Strict):
    key: str
    match: AnyOf | Value


class Filter(Strict):
    must: list[Condition] = []
    must_not: list[Condition] = []


class Selector(Strict):
    filter: Filter


class Nearest(Strict):
    nearest: list[float] | Sparse


class Query(Strict):
    query: Nearest
    using: str
    filter: Filter
    limit: int = Field(ge=1)
    with_payload: Literal[False]
    with_vector: list[str] | Literal[False]


class Queries(Strict):
    searches: list[Query] = Field(min_length=1)


class Ids(Strict):
    ids: list[Annotated[int, Field(ge=0, lt=2**64)]]
    with_payload: Literal[True]
    with_vector: Literal[False]


class Count(Strict):
    exact: Literal[True]


class Alias(Strict):
    alias_name: str


class AliasOfCollection(Alias):
    collection_name: str


class CreateAlias(Strict):
    create_alias: AliasOfCollection


class DeleteAlias(Strict):
    delete_alias: Alias


class ChangeAliases(Strict):
    actions: list[CreateAlias | DeleteAlias] = Field(min_length=1)


class Parameters(BaseModel):
    """Every request that takes a time limit has one."""

    model_config = ConfigDict(extra="forbid")

    timeout: int = Field(ge=1)


class WriteParameters(Parameters):
    """Every write waits until it is applied."""

    wait: Literal["true"]
