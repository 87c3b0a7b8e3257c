"""Signatures of bundles by a key, with the library model-signing: who made a bundle, where its digest says only what it is.

A signature covers every file of the bundle. It stands beside the versions, in <name>/.signatures/<digest>.sig: the bundle
itself does not change when it is signed.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from polyparse.bundle import store as bundles
from polyparse.errors import ConfigError, SignatureInvalid

if TYPE_CHECKING:
    from polyparse.bundle.model import Model

INSTALL = "pip install -c requirements/constraints.txt -e '.[signing]'"


def sign(model: Model, version: str, key: Path) -> str:
    """Verify a version, sign it with a private key (PEM, elliptic curve), and keep the signature; returns the digest."""
    bundle = model.bundle(version)
    digest = bundles.digest(bundle)
    bundles.check_names(bundles.verify(bundle, digest=digest), bundle)
    _check_file(key)
    library = _library()
    with TemporaryDirectory() as temporary:
        signature = Path(temporary) / "signature"
        try:
            library.signing.Config().use_elliptic_key_signer(private_key=key).sign(bundle, signature)
        except (ValueError, TypeError) as error:
            raise ConfigError(
                f"{key}: found {error}, expected a private key of an elliptic curve, without a password"
            ) from error
        model.put_signature(digest, signature.read_bytes())
    return digest


def check_signature(model: Model, bundle: Path, key: Path) -> str:
    """Raise SignatureInvalid unless the bundle is signed by the key's owner; returns the digest that this is about."""
    digest = bundles.digest(bundle)
    content = model.signature(digest)
    if content is None:
        raise SignatureInvalid(f"found no signature, expected one by the owner of {key}", file=bundle)
    _check_file(key)
    library = _library()
    with TemporaryDirectory() as temporary:
        signature = Path(temporary) / "signature"
        signature.write_bytes(content)
        try:
            library.verifying.Config().use_elliptic_key_verifier(public_key=key).verify(bundle, signature)
        except (
            Exception
        ) as error:  # The library, and those below it, raise what they like; nothing of it is a yes.
            found = str(error) or type(error).__name__
            raise SignatureInvalid(
                f"found that its signature does not hold ({found}), expected one by the owner of {key}",
                file=bundle,
            ) from error
    return digest


def _check_file(key: Path) -> None:
    if not key.is_file():
        raise ConfigError(f"{key}: found no such file, expected a key")


def _library() -> Any:
    try:
        import model_signing  # noqa: PLC0415 - an extra, and slow to import
        import model_signing.signing  # noqa: PLC0415
        import model_signing.verifying  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(f"found no package for signatures ({error}), expected it: {INSTALL}") from error
    return model_signing
