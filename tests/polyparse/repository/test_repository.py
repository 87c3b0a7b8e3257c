"""A URL is a repository or one of its models; a folder is what it was, and needs neither a cache nor a package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import release
from polyparse.bundle.release import Edit
from polyparse.errors import BundleNotFound, ConfigError
from polyparse.repository.cache import Cache
from polyparse.repository.place import place
from polyparse.repository.repository import Repository, locate, opened
from tests.bundles import write_bundle

if TYPE_CHECKING:
    from polyparse.bundle.store import Located

ROOT = Path(release.__file__).parents[2]
AT = "2026-01-01T12:00:00+00:00"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Words has two versions of which 2 serves, and others has one."""
    for version in "12":
        write_bundle(tmp_path / "models" / "words" / version)
    write_bundle(tmp_path / "models" / "others" / "1")
    words = tmp_path / "models" / "words"
    release.promote(words, "2", Edit(release.decide_on(words), "ann", AT))
    return tmp_path / "models"


def repository(folder: Path) -> Repository:
    return opened(f"file://{folder}", Cache(folder.parent / "cache"))


def located(models: Path, name: str | None = None, *, model: str = "") -> Located:
    return locate(f"file://{models}/{model}".rstrip("/"), name, lambda: Cache(models.parent / "cache"))


@pytest.mark.parametrize("text", ["s3://bucket/models", "file:///models", "memory://x", "S3://bucket"])
def test_a_text_with_a_protocol_is_a_url(text: str) -> None:
    assert place(text) == text


@pytest.mark.parametrize("text", ["models", "/models", "../models", "C:/models", "a://", "s3:/bucket"])
def test_any_other_text_is_a_folder(text: str) -> None:
    assert place(text) == Path(text)


def test_names_are_those_of_folders_that_have_a_state_or_a_version(models: Path) -> None:
    models.joinpath("empty").mkdir()
    models.joinpath(".hidden", "1").mkdir(parents=True)
    models.joinpath(".hidden", "1", "manifest.json").write_text("{}")
    assert repository(models).names() == ["others", "words"]


def test_the_model_is_the_one_asked_for_or_the_one_that_has_a_state(models: Path) -> None:
    assert repository(models).find().name == "words"
    assert repository(models).find("others").name == "others"
    with pytest.raises(BundleNotFound, match="found others, words, expected a model named 'mine'"):
        repository(models).find("mine")
    models.joinpath("words", "state.json").unlink()
    with pytest.raises(BundleNotFound, match="found others, words, expected one model that serves"):
        repository(models).find()


@pytest.mark.parametrize("name", ["..", "a/b", ".status", ""])
def test_no_name_leads_out_of_the_repository(models: Path, name: str) -> None:
    with pytest.raises(BundleNotFound, match="expected a model named"):
        repository(models).model(name)


def test_the_url_of_one_model_is_that_model(models: Path) -> None:
    model = repository(models / "words").find()
    assert (model.name, model.versions()) == ("words", ["1", "2"])
    assert model.place == f"file://{models}/words"


def test_what_serves_is_fetched_into_the_cache(models: Path) -> None:
    expected = models.parent / "cache"
    for bundle, digest in (located(models), located(models, model="words")):
        assert bundle.is_relative_to(expected)
        assert (bundle.name, bundle.parents[1].name) == ("2", digest)
    assert located(models, "others").bundle.name == "1"
    models.joinpath("words", "state.json").unlink()
    with pytest.raises(BundleNotFound, match=r"found 1, 2, expected state\.json to name"):
        located(models, "words")


def test_a_relative_path_is_no_url_of_a_file() -> None:
    with pytest.raises(ConfigError, match="file://models: found a path that is not absolute"):
        opened("file://models", Cache(Path("cache")))


def test_a_folder_imports_no_package_of_urls_and_writes_no_cache(models: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from polyparse.cli.main import main; "
        f"assert main(['models', 'list', '--models', {str(models)!r}]) == 0; "
        "print([name for name in ('fsspec', 's3fs', 'aiobotocore', 'model_signing') if name in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": "", "XDG_CACHE_HOME": str(tmp_path / "xdg"), "ORT_DISABLE_TELEMETRY": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert not tmp_path.joinpath("xdg").exists()
