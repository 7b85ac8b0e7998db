"""Keys are made for their owner alone and never written over; a bundle is signed in place, and only where it is one."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from agent.bundle.load import DEFAULT, load_bundle
from agent.bundle.signature import SIGNATURE, trust_in
from agent.cli import main as agent
from agent.errors import BundleError, ConfigError
from export.bundling.sign import make_key, read_key, sign_bundle
from export.cli import main

CONFIG = """
[agent]
id = "gw"
state_dir = "state"
bundle = "bundle"
[bundle]
trusted_keys = "keys"
require_signature = true
[[sources]]
name = "plant"
kind = "mqtt"
[machines.pump]
[sensors.pump_de]
source = "plant"
topic = "plant/pump"
machine = "pump"
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    shutil.copytree(DEFAULT, folder)
    return folder


def test_the_commands_make_a_key_and_sign_so_that_the_agent_takes_it(bundle, tmp_path, capsys):
    (tmp_path / "keys").mkdir(mode=0o755)
    (tmp_path / "agent.toml").write_text(CONFIG)
    assert main(["key", str(tmp_path / "packer")]) == os.EX_OK
    (tmp_path / "packer.pub").rename(tmp_path / "keys" / "packer.pub")
    assert agent(["check", str(tmp_path / "agent.toml")]) == os.EX_DATAERR
    assert "not signed" in capsys.readouterr().err
    assert main(["sign", str(bundle), "--key", str(tmp_path / "packer")]) == os.EX_OK
    assert agent(["check", str(tmp_path / "agent.toml")]) == os.EX_OK


def test_a_private_key_is_its_owner_s_and_never_written_over(tmp_path):
    public, _ = make_key(tmp_path / "packer")
    assert stat.S_IMODE((tmp_path / "packer").stat().st_mode) == 0o600
    assert stat.S_IMODE(public.stat().st_mode) & stat.S_IWOTH == 0
    before = (tmp_path / "packer").read_bytes()
    with pytest.raises(ConfigError, match="never written over"):
        make_key(tmp_path / "packer")
    assert (tmp_path / "packer").read_bytes() == before


def test_a_passphrase_guards_it(bundle, tmp_path, capsys):
    (tmp_path / "words").write_text("correct horse\n")
    (tmp_path / "wrong").write_text("battery\n")
    (tmp_path / "empty").write_text("\n")
    packer, guard = str(tmp_path / "packer"), ["--passphrase-file", str(tmp_path / "words")]
    assert main(["key", packer, *guard]) == os.EX_OK
    sign = ["sign", str(bundle), "--key", packer]
    assert main(sign) == os.EX_CONFIG
    assert "--passphrase-file" in capsys.readouterr().err
    for other, says in (("wrong", "another passphrase"), ("empty", "first line is empty")):
        assert main([*sign, "--passphrase-file", str(tmp_path / other)]) == os.EX_CONFIG
        assert says in capsys.readouterr().err
    assert not (bundle / SIGNATURE).exists()
    assert main([*sign, *guard]) == os.EX_OK


def test_what_is_no_bundle_or_no_key_is_not_signed(bundle, tmp_path):
    public, _ = make_key(tmp_path / "packer")
    for path in (public, bundle / "manifest.json"):
        with pytest.raises(ConfigError, match="no private key"):
            read_key(path)
    (bundle / "scaling.npy").write_bytes(b"")
    with pytest.raises(BundleError, match=r"scaling\.npy"):
        sign_bundle(bundle, read_key(tmp_path / "packer"))
    assert not (bundle / SIGNATURE).exists()


def test_signing_anew_takes_the_other_s_place(bundle, tmp_path):
    (tmp_path / "keys").mkdir(mode=0o755)
    for name in ("one", "other"):
        public, _ = make_key(tmp_path / name)
        assert main(["sign", str(bundle), "--key", str(tmp_path / name)]) == os.EX_OK
    shutil.copy(public, tmp_path / "keys")
    assert load_bundle(bundle, trust=trust_in(tmp_path / "keys", is_required=True))
