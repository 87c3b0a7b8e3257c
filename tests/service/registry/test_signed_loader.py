"""What a key's owner did not sign is refused before it is loaded; what is loaded has the digest of what was checked."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle.model import FolderModel
from polyparse.bundle.store import Located, digest
from polyparse.errors import SignatureInvalid
from service.registry.loader import BundleLoader
from service.registry.signed_loader import SignedLoader
from tests.bundles import write_bundle

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from service.registry.loaded import Loaded, ServedParser

pytestmark = pytest.mark.needs_tools("model_signing")


class Counted(BundleLoader):
    """Remembers what it is asked to load."""

    def __init__(self) -> None:
        super().__init__(device="cpu", batch_tokens=16, rehearsals=None)
        self.asked: list[Located] = []

    def load(self, bundle: Located, *, beside: ServedParser[Any] | None, is_cancelled: Event) -> Loaded:
        self.asked.append(bundle)
        return super().load(bundle, beside=beside, is_cancelled=is_cancelled)


def test_only_what_is_signed_is_loaded(tmp_path: Path) -> None:
    from polyparse.repository.signing import sign  # noqa: PLC0415
    from tests.keys import make_keys  # noqa: PLC0415

    make_keys(tmp_path / "k.pem", tmp_path / "k.pub")
    bundle = write_bundle(tmp_path / "words" / "1")
    model, inner = FolderModel(tmp_path / "words"), Counted()
    loader = SignedLoader(inner, model, tmp_path / "k.pub")
    with pytest.raises(SignatureInvalid, match="words/1: found no signature"):
        loader.load(Located(bundle, None), beside=None, is_cancelled=Event())
    assert inner.asked == []
    sign(model, "1", tmp_path / "k.pem")
    loaded = loader.load(Located(bundle, None), beside=None, is_cancelled=Event())
    assert loaded.identity.digest == digest(bundle)
    assert inner.asked == [Located(bundle, digest(bundle))]
    parts: list[object] = [loaded]
    loader.release(parts)
    assert parts == []
