import pytest

from settings import errors
from settings.errors import DeskhandError, Problem, SettingsError, UsageError


def test_every_error_is_in_the_tree_that_the_docstring_draws() -> None:
    drawn = errors.__doc__ or ""
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DeskhandError)]
    assert [kind.__name__ for kind in classes if kind.__name__ not in drawn] == []


def test_wrong_use_and_what_failed_have_different_exit_statuses() -> None:
    assert (DeskhandError.exit_status, SettingsError([]).exit_status, UsageError.exit_status) == (1, 1, 2)


def test_settings_errors_are_a_line_each() -> None:
    error = SettingsError([Problem("a.yaml:1", "x: wrong"), Problem("environment B", "y: wrong")])
    assert str(error) == "a.yaml:1: x: wrong\nenvironment B: y: wrong"


@pytest.mark.parametrize("name", ["two\nlines", "esc\x1b[31m", "sep\u2028sep", "tab\tbed"])
def test_whatever_a_name_holds_a_problem_stays_one_printable_line(name: str) -> None:
    text = str(SettingsError([Problem(f"{name}.yaml:1", f"{name}: no such setting")]))
    assert text.isprintable()
