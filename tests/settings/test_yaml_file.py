from pathlib import Path

import pytest

from settings import SettingsError
from settings.yaml_file import nodes, read_yaml, show_location


def _read(tmp_path: Path, content: str | bytes) -> str:
    """The error of a file, or what it holds."""
    file = tmp_path / "models.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    try:
        return str(read_yaml(file, "settings/models.yaml").data)
    except SettingsError as error:
        return str(error)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a: 1\nb:\n\tc: 2\n", "settings/models.yaml:3: not YAML: a tab: indent with spaces"),
        ("a: 1\nb: [1, 2\nc: 3\n", "settings/models.yaml:3: not YAML: expected ',' or ']', but got ':'"),
        ("a: 1\nb: x: y\n", "settings/models.yaml:2: not YAML: mapping values are not allowed here"),
        ("a: 1\n\na: 2\n", "settings/models.yaml:3: a is set twice (first in line 1)"),
        ("a:\n  - b: 1\n    b: 2\n", "settings/models.yaml:3: b is set twice (first in line 2)"),
        (
            "- a\n- b\n",
            "settings/models.yaml:1: should hold `name: value` lines, not a list or a single value",
        ),
        (
            "just a sentence\n",
            "settings/models.yaml:1: should hold `name: value` lines, not a list or a single value",
        ),
        (
            "a: 1\n---\nb: 2\n",
            "settings/models.yaml:2: not YAML: expected a single document in the stream but found another document",
        ),
        ("a: 1\nb: *nowhere\n", "settings/models.yaml:2: not YAML: found undefined alias 'nowhere'"),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            "settings/models.yaml:1: not YAML: could not determine a constructor for the tag "
            "'tag:yaml.org,2002:python/object/apply:os.system'",
        ),
        ("a: 1\n? [b]\n: c\n", "settings/models.yaml:2: not YAML: found unhashable key"),
        ("a: 1\nb: caf\xe9\n".encode("latin-1"), "settings/models.yaml:2: not UTF-8: save the file as UTF-8"),
        ("a: 1\nb: \x00\n", "settings/models.yaml:2: not YAML: a control character"),
        ("a: " + "[" * 800, "settings/models.yaml: not YAML that settings need: it is nested too deeply"),
    ],
)
def test_a_broken_file_is_one_line_with_its_place(tmp_path: Path, content: str | bytes, expected: str) -> None:
    assert _read(tmp_path, content) == expected


def test_an_unreadable_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").mkdir()
    with pytest.raises(SettingsError, match=r"^settings/models\.yaml: cannot be read: Is a directory$"):
        read_yaml(tmp_path / "models.yaml", "settings/models.yaml")


@pytest.mark.parametrize("content", ["", "# nothing but a comment\n", "---\n", "{}\n"])
def test_an_empty_file_is_an_empty_mapping(tmp_path: Path, content: str) -> None:
    assert _read(tmp_path, content) == "{}"


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert _read(tmp_path, b"\xef\xbb\xbfname: x\n") == "{'name': 'x'}"


def test_names_and_dates_stay_text_as_they_were_written(tmp_path: Path) -> None:
    assert _read(tmp_path, "on: 1\n7: 2\nnull: 3\nday: 2024-01-31\n") == (
        "{'on': 1, '7': 2, 'null': 3, 'day': '2024-01-31'}"
    )


def test_aliases_and_merges_work_and_own_values_win(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("base: &base\n  a: 1\n  b: 2\nuse:\n  <<: *base\n  b: 3\n")
    read = read_yaml(file, "x.yaml")
    assert read.data["use"] == {"a": 1, "b": 3}
    assert read.line_of(("use", "b")) == 6


def test_a_value_that_contains_itself_is_walked_once(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("a: &a\n  b: *a\n  c: [*a, *a]\n")
    assert sum(1 for _ in nodes(read_yaml(file, "x.yaml").root)) == 6


def test_aliases_of_aliases_cost_no_time_to_check(tmp_path: Path) -> None:
    levels = ["l0: &l0 [x, x]"] + [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 30)]
    file = tmp_path / "x.yaml"
    file.write_text("\n".join(levels))
    assert sum(1 for _ in nodes(read_yaml(file, "x.yaml").root)) < 100


def test_every_value_knows_its_line(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("# models\n\nmodels:\n  gpt:\n    model: x\nroutes:\n  answer:\n    - gpt\n    - gtp\n")
    read = read_yaml(file, "x.yaml")
    assert read.place_of(("models", "gpt", "model")) == "x.yaml:5"
    assert read.place_of(("routes", "answer", 1)) == "x.yaml:9"
    assert read.place_of(("routes", "answer", 5)) == "x.yaml:7"
    assert read.has(("routes", "answer", 1))
    assert not read.has(("routes", "answer", 2))
    assert not read.has(("models", "gpt", "api_base"))


def test_a_location_is_shown_as_one_would_write_it() -> None:
    assert show_location(("routes", "answer", 1)) == "routes.answer[1]"
    assert show_location(("plugins", 0, "rag", "passages")) == "plugins[0].rag.passages"
    assert show_location(()) == ""
