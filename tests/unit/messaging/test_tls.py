"""The connection to a nats-server that speaks TLS."""

from __future__ import annotations

import datetime
import ipaddress
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.unit.messaging.nats_servers import LARGEST, role_server
from workstation.config.loader import load_settings
from workstation.core.clock import WallClock
from workstation.core.errors import MessagingError
from workstation.messaging.bodies import AnswerBody
from workstation.messaging.link import Address, NatsLink
from workstation.messaging.roles import NatsRole

ROOT = Path(__file__).parents[3]
BEGINS = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
ENDS = datetime.datetime(2120, 1, 1, tzinfo=datetime.UTC)


class Authority:
    """A certificate authority of the test."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._builder(self._subject, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(certificate.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def server(self) -> tuple[Path, Path]:
        """Files of a certificate for 127.0.0.1 and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nats")])
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        certificate = self._builder(subject, key).add_extension(address, critical=False)
        certificate_file, key_file = self._folder / "server.pem", self._folder / "server.key"
        certificate_file.write_bytes(
            certificate.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate_file, key_file

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(BEGINS)
            .not_valid_after(ENDS)
        )


# asyncio warns of a detail of the client's protocol.
@pytest.mark.allow_log_warnings
async def test_a_link_over_tls_works_and_a_wrong_authority_is_refused(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path, "authority"), Authority(tmp_path, "other")
    settings = load_settings(ROOT / "config" / "strategy.yaml", "services").settings
    with role_server(tmp_path / "nats", settings, authority.server()) as server:
        address = server.address(NatsRole.RISK, authority.file)
        link = NatsLink(address, "test", "test-1", WallClock().now_ns, LARGEST)
        await link.open()
        await link.publish("risk.state", AnswerBody(ok=True))
        assert link.is_up and link.dropped == 0
        await link.close()

        wrong = NatsLink(address._replace(tls_ca=str(other.file)), "test", "test-2", WallClock().now_ns, LARGEST)
        begins = time.monotonic()
        with pytest.raises(MessagingError) as told:
            await wrong.open()
        assert time.monotonic() - begins < 5
        place = server.servers[0]
        assert str(told.value).startswith(f"The certificate of the NATS server at {place} is not to be trusted (")
        assert str(told.value).endswith("): name the file of its CA under messaging.tls_ca.")

        plain = address._replace(servers=(place.replace("tls://", "nats://"),), tls_ca="")
        link = NatsLink(plain, "test", "test-3", WallClock().now_ns, LARGEST)
        with pytest.raises(MessagingError):
            await link.open(3.0)


async def test_a_file_of_certificates_that_is_none_is_told(tmp_path: Path) -> None:
    missing, empty = tmp_path / "missing.pem", tmp_path / "empty.pem"
    empty.write_text("no certificate")
    for file in (missing, empty):
        address = Address(("tls://127.0.0.1:1",), tls_ca=str(file))
        link = NatsLink(address, "test", "test-1", WallClock().now_ns, LARGEST)
        with pytest.raises(MessagingError, match=r"messaging\.tls_ca, .*, cannot be read \((?!None)"):
            await link.open(1.0)
