from pathlib import Path

import pytest

from deskhand.new_home import make_home
from settings import Home, UsageError, load_settings
from settings.home import CHECKOUT
from tests.deskhand.conftest import files_below


def test_a_new_home_has_settings_a_persona_and_empty_folders_and_no_code(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home")
    said = make_home(home.root, sample=False)
    assert said == (f"made {home.root}: drop documents into {home.documents}, then `deskhand chat --home {home.root}`")
    assert {path.name for path in home.documents.iterdir()} == {"help", "policies", "faq"}
    assert files_below(home.knowledge) == []
    assert {Path(name).suffix for name in files_below(home.settings)} == {".yaml", ".json", ".md"}
    shipped = load_settings(Home(CHECKOUT)).assistant
    assert load_settings(home).assistant == shipped.model_copy(update={"contact": "your manager"})
    assert (home.root / ".gitignore").read_text().split() == ["data/", ".env", "settings/secrets/"]


def test_a_sample_home_has_the_fictional_companys_documents(tmp_path: Path) -> None:
    home = Home(tmp_path)
    said = make_home(home.root, sample=True)
    assert said == f"made {home.root}: `deskhand chat --home {home.root}`"
    assert files_below(home.documents) == files_below(Home(CHECKOUT).documents) != []


@pytest.mark.parametrize("present", ["settings", "knowledge/docs"])
def test_a_home_is_never_overwritten(tmp_path: Path, present: str) -> None:
    (tmp_path / present).mkdir(parents=True)
    (tmp_path / present / "mine.txt").write_text("mine")
    with pytest.raises(UsageError) as caught:
        make_home(tmp_path, sample=True)
    assert str(caught.value) == f"{tmp_path} is a home already: nothing was changed"
    assert files_below(tmp_path) == [f"{present}/mine.txt"]


def test_a_place_that_cannot_be_written_is_wrong_use_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError) as caught:
        make_home(tmp_path / "file" / "home", sample=False)
    assert str(caught.value) == f"{tmp_path / 'file' / 'home'}: Not a directory"


def test_only_the_sample_company_s_home_names_its_people_team(tmp_path: Path) -> None:
    make_home(tmp_path / "own", sample=False)
    make_home(tmp_path / "sample", sample=True)
    assert load_settings(Home(tmp_path / "own")).assistant.contact == "your manager"
    assert "larkfield.example" in load_settings(Home(tmp_path / "sample")).assistant.contact
