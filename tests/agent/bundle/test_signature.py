"""Whose bundle it is: what is unsigned, signed by another, or changed since, is refused where the operator asks."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from requirements import skip_unless_required

from agent.bundle.load import DEFAULT, load_bundle
from agent.bundle.manifest import MANIFEST
from agent.bundle.signature import SIGNATURE, Trust, trust_in
from agent.errors import BundleError, ConfigError
from export.bundling.sign import make_key, read_key, sign_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    shutil.copytree(DEFAULT, folder)
    return folder


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    """In "packer", whose private key lies beside."""
    (tmp_path / "trusted").mkdir(mode=0o755)
    public, _ = make_key(tmp_path / "packer")
    public.rename(tmp_path / "trusted" / public.name)
    return trust_in(tmp_path / "trusted", is_required=True)


def sign(bundle: Path, name: str = "packer") -> None:
    sign_bundle(bundle, read_key(bundle.parent / name))


def test_a_bundle_that_one_who_is_trusted_signed_is_taken(bundle, trust):
    sign(bundle)
    assert load_bundle(bundle, trust=trust).manifest == load_bundle(bundle).manifest


def test_an_unsigned_one_is_refused_only_where_a_signature_is_required(bundle, trust, tmp_path):
    with pytest.raises(BundleError, match="the bundle is not signed") as caught:
        load_bundle(bundle, trust=trust)
    assert SIGNATURE in str(caught.value)
    assert load_bundle(bundle, trust=trust_in(trust.folder, is_required=False))
    assert load_bundle(bundle)


@pytest.mark.parametrize("is_required", [True, False])
def test_one_of_another_key_is_refused_and_taken_once_that_is_trusted(bundle, trust, tmp_path, is_required):
    public, name = make_key(tmp_path / "stranger")
    sign(bundle, "stranger")
    with pytest.raises(BundleError, match=f"signed with the key {name}, which is not among"):
        load_bundle(bundle, trust=trust_in(trust.folder, is_required=is_required))
    shutil.copy(public, trust.folder)
    assert load_bundle(bundle, trust=trust_in(trust.folder, is_required=is_required))
    (trust.folder / public.name).unlink()
    with pytest.raises(BundleError):
        load_bundle(bundle, trust=trust_in(trust.folder, is_required=is_required))


@pytest.mark.parametrize("is_required", [True, False])
def test_a_manifest_that_was_changed_after_it_was_signed_is_refused(bundle, trust, is_required):
    sign(bundle)
    (bundle / MANIFEST).write_bytes((bundle / MANIFEST).read_bytes() + b" ")
    with pytest.raises(BundleError, match="changed after it was signed"):
        load_bundle(bundle, trust=trust_in(trust.folder, is_required=is_required))


def test_a_file_that_was_changed_after_it_was_signed_is_refused(bundle, trust):
    sign(bundle)
    texts = bundle / "texts.json"
    texts.write_bytes(texts.read_bytes().replace(b"Bearing", b"Gearing"))
    with pytest.raises(BundleError, match=r"texts\.json"):
        load_bundle(bundle, trust=trust)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[" * 5000, b"x" * 5000, b'{"schema": "textvib/signature/2", "key": "a", "ed25519": "AAAA"}'],
    ids=["empty", "bare", "nested", "long", "later"],
)
def test_what_is_no_signature_is_refused(bundle, trust, content):
    (bundle / SIGNATURE).write_bytes(content)
    with pytest.raises(BundleError, match=f"{SIGNATURE}: not a signature"):
        load_bundle(bundle, trust=trust)


def test_a_pipe_in_the_place_of_the_signature_is_not_waited_for(bundle, trust):
    os.mkfifo(bundle / SIGNATURE)
    with pytest.raises(BundleError, match="is no file"):
        load_bundle(bundle, trust=trust)


def test_a_signature_of_another_length_or_of_other_bytes_is_none(bundle, trust):
    sign(bundle)
    path = bundle / SIGNATURE
    whole = path.read_text()
    value = whole.split('"ed25519": "')[1].split('"')[0]
    for other in ("", "AAAA", value[:-4], "A" * len(value[:-2]) + value[-2:]):
        path.write_text(whole.replace(value, other))
        with pytest.raises(BundleError):
            load_bundle(bundle, trust=trust)


def test_the_folder_of_keys_holds_keys_that_not_everybody_may_change(trust, tmp_path):
    folder = trust.folder
    (folder / "notes.txt").write_text("not looked at")
    assert trust_in(folder, is_required=True).keys.keys() == trust.keys.keys()
    (folder / "rsa.pub").write_bytes(b"ssh-rsa AAAA")
    with pytest.raises(ConfigError, match=r"rsa\.pub: no public key in PEM"):
        trust_in(folder, is_required=True)
    curve = generate_private_key(SECP256R1()).public_key()
    (folder / "rsa.pub").write_bytes(curve.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(ConfigError, match=r"rsa\.pub: not an Ed25519 key"):
        trust_in(folder, is_required=True)
    (folder / "rsa.pub").unlink()
    (folder / "packer.pub").chmod(0o666)
    with pytest.raises(ConfigError, match="anybody may write to"):
        trust_in(folder, is_required=True)
    (folder / "packer.pub").unlink()
    with pytest.raises(ConfigError, match="holds no public key"):
        trust_in(folder, is_required=True)
    with pytest.raises(ConfigError, match="cannot be read"):
        trust_in(tmp_path / "nowhere", is_required=True)


def test_keys_of_openssl_serve(bundle, tmp_path):
    skip_unless_required("openssl", available=shutil.which("openssl") is not None)
    (tmp_path / "keys").mkdir(mode=0o755)
    made = [
        ["openssl", "genpkey", "-algorithm", "ed25519", "-out", tmp_path / "packer"],
        ["openssl", "pkey", "-in", tmp_path / "packer", "-pubout", "-out", tmp_path / "keys" / "packer.pub"],
    ]
    for command in made:
        subprocess.run(command, check=True, timeout=30)
    sign(bundle)
    assert load_bundle(bundle, trust=trust_in(tmp_path / "keys", is_required=True))


def test_without_the_package_the_config_is_refused_with_the_mend(trust, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"\[signatures\]"):
        trust_in(trust.folder, is_required=True)
