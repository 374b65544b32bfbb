"""A door before PostgreSQL that speaks TLS: the tests' own server listens on a socket alone."""

import asyncio
import contextlib
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""https://www.postgresql.org/docs/current/protocol-message-formats.html"""
_CHUNK = 65536


@dataclass(slots=True)
class TlsFront:
    """Passes on what comes, and notes of each connection whether it was encrypted."""

    socket: str
    context: ssl.SSLContext
    certificate: Path
    port: int = 0
    encrypted: list[bool] = field(default_factory=list)

    def address(self, database: str, query: str = "") -> str:
        return f"postgresql://postgres:s3cr3t@127.0.0.1:{self.port}/{database}{query}"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let a connection through."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readexactly(len(_SSL_REQUEST))
            asked = head == _SSL_REQUEST
            if asked:
                writer.write(b"S")
                await writer.start_tls(self.context)
                head = b""
            self.encrypted.append(asked)
            inner_reader, inner_writer = await asyncio.open_unix_connection(self.socket)
            inner_writer.write(head)
            await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def tls_front(server_url: str, folder: Path) -> AsyncIterator[TlsFront]:
    """Open it before a server; its certificate is its own, for localhost."""
    context, certificate = tls_identity(folder)
    socket = f"{sa.make_url(server_url).query['host']}/.s.PGSQL.5432"
    front = TlsFront(socket=socket, context=context, certificate=certificate)
    server = await asyncio.start_server(front.take, "127.0.0.1", 0)
    front.port = server.sockets[0].getsockname()[1]
    async with server:
        yield front


def tls_identity(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """What a server for localhost proves itself with, and the file that its certificate is in."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "front.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, path
