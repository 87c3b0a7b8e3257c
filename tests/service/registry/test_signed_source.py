"""A wish is another one once what it names was signed, or its signature is gone."""

from pathlib import Path

from polyparse.bundle import release
from polyparse.bundle.model import FolderModel
from polyparse.bundle.release import Edit
from polyparse.bundle.store import digest
from service.registry.signed_source import SignedSource
from service.registry.source import StateSource
from tests.bundles import write_bundle

AT = "2026-01-01T12:00:00+00:00"


def test_a_signature_that_comes_makes_another_wish_of_the_same_versions(tmp_path: Path) -> None:
    folder = tmp_path / "words"
    for version in "12":
        write_bundle(folder / version)
    release.promote(folder, "1", Edit(release.decide_on(folder), "ann", AT))
    release.canary(folder, "2", 5, Edit(release.decide_on(folder), "ann", AT))
    model = FolderModel(folder)
    source = SignedSource(StateSource(tmp_path, None), model)
    wishes = [source.read(), source.read()]
    for version in "12":
        model.put_signature(digest(folder / version), b"a signature")
        wishes += [source.read(), source.read()]
    assert wishes[0] == wishes[1]
    assert wishes[2] == wishes[3]
    assert wishes[4] == wishes[5]
    assert len({wish.revision for wish in wishes}) == 3
    assert len({(wish.stable, wish.canary, wish.generation) for wish in wishes}) == 1


def test_where_nobody_can_be_asked_there_is_no_signature_yet(tmp_path: Path) -> None:
    folder = tmp_path / "words"
    write_bundle(folder / "1")
    release.promote(folder, "1", Edit(release.decide_on(folder), "ann", AT))
    folder.joinpath(".signatures").write_bytes(b"no folder")
    source = SignedSource(StateSource(tmp_path, None), FolderModel(folder))
    assert source.read() == source.read()
