"""A certificate, and whose key it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import told

from agent.errors import ConfigError
from agent.sinks.key_pairs import problem_of_pair
from agent.sinks.opcua import OpcuaConfig, OpcuaSink

x509 = pytest.importorskip("cryptography.x509")
hashes = pytest.importorskip("cryptography.hazmat.primitives.hashes")
ec = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec")
rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
forms = pytest.importorskip("cryptography.hazmat.primitives.serialization")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`rsa`, `ec` and `other`, each a `.crt` and a `.key`; of `rsa` both kinds of files, and one with a password."""
    folder = tmp_path_factory.mktemp("pairs")
    keys = {"rsa": rsa.generate_private_key(65537, 2048), "ec": ec.generate_private_key(ec.SECP256R1())}
    keys["other"] = ec.generate_private_key(ec.SECP256R1())
    for name, key in keys.items():
        who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        certificate = x509.CertificateBuilder(who, who, key.public_key(), 1, now, now + timedelta(days=1))
        signed = certificate.sign(key, hashes.SHA256())
        for ending, form in (("", forms.Encoding.PEM), (".der", forms.Encoding.DER)):
            (folder / f"{name}.crt{ending}").write_bytes(signed.public_bytes(form))
            plain = key.private_bytes(form, forms.PrivateFormat.PKCS8, forms.NoEncryption())
            (folder / f"{name}.key{ending}").write_bytes(plain)
    sealed = forms.BestAvailableEncryption(b"secret")
    (folder / "sealed.key").write_bytes(
        keys["rsa"].private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, sealed)
    )
    return folder


@pytest.mark.parametrize(
    ("certificate", "key", "said"),
    [
        ("rsa.crt", "rsa.key", None),
        ("rsa.crt.der", "rsa.key", None),
        ("rsa.crt", "rsa.key.der", None),
        ("rsa.crt", "other.key", "key_file: {}/other.key: is not the key of the certificate in cert_file"),
        ("ec.crt", "other.key.der", "key_file: {}/other.key.der: is not the key of the certificate in cert_file"),
        ("rsa.key", "rsa.crt", "cert_file: {}/rsa.key: is no certificate in PEM or DER"),
        ("rsa.crt", "rsa.crt", "key_file: {}/rsa.crt: is no private key"),
        ("rsa.crt", "sealed.key", "key_file: {}/sealed.key: is no private key in PEM or DER without a password"),
        ("ec.crt", "ec.key", "cert_file: {}/ec.crt: is no RSA certificate"),
    ],
)
def test_files_that_do_not_serve_together_are_named(made: Path, certificate: str, key: str, said: str | None) -> None:
    config = OpcuaConfig(cert_file=str(made / certificate), key_file=str(made / key))
    problem = problem_of_pair(config)
    assert problem is None if said is None else (problem or "").startswith(said.format(made))


def test_a_server_does_not_begin_with_the_key_of_another(made: Path) -> None:
    pytest.importorskip("asyncua")
    config = OpcuaConfig(cert_file=str(made / "rsa.crt"), key_file=str(made / "other.key"))
    with pytest.raises(ConfigError, match=r"other\.key: is not the key of the certificate"):
        OpcuaSink(config, availability=f"{told.ROOT}/availability").open()
