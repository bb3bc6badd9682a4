"""The plant's certificate for documents: made at the first start, and signatures in PDF with it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from asn1crypto.keys import PrivateKeyInfo
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from services.trace.signing import keep_secret
from shared.errors import PersonNeededError

FIELD = "Halite"
FILE = "documents.pem"  # below the plant's secrets: the key, then its certificate
_VALID_FOR = timedelta(days=30 * 365)  # a cell's documents outlive the machines that made them


@dataclass(frozen=True)
class PdfSigner:
    """Signs PDF files with the plant's key for documents (ECDSA P-256)."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        """The certificate, to be trusted by whoever checks the signature."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def signed(self, pdf: bytes, reason: str, location: str) -> bytes:
        """Return the file with a PAdES signature over all of it (ETSI EN 319 142-1, B-B)."""
        key = self.key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        certificate = self.certificate.public_bytes(serialization.Encoding.DER)
        signer = signers.SimpleSigner(
            signing_cert=Certificate.load(certificate),
            signing_key=PrivateKeyInfo.load(key),
            cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
        )
        about = signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            reason=reason,
            location=location,
        )
        writer = IncrementalPdfFileWriter(BytesIO(pdf))
        content: bytes = signers.sign_pdf(writer, about, signer=signer).getvalue()
        return content


def pdf_signer_at(path: Path, site: str) -> PdfSigner:
    """Return the signer of a file; makes key and certificate when there is none.

    A plant that has a certificate of its company puts it, behind its P-256 key, into that file.

    Raises:
        PersonNeededError: the file cannot be read or made, or holds no such pair.
    """
    try:
        if not path.exists():
            _keep(path, *_made(site))
        content = path.read_bytes()
        key = serialization.load_pem_private_key(content, password=None)
        certificate = x509.load_pem_x509_certificate(content)
    except (OSError, ValueError) as error:
        raise PersonNeededError(
            f"key and certificate for documents {path}: {error}; put it back from a backup, or "
            "move it away to go on with a new one"
        ) from error
    if (
        not isinstance(key, ec.EllipticCurvePrivateKey)
        or certificate.public_key() != key.public_key()
    ):
        raise PersonNeededError(
            f"key and certificate for documents {path}: no P-256 key with its own certificate; "
            "put the plant's file back"
        )
    return PdfSigner(key, certificate)


def _made(site: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    names = [
        x509.NameAttribute(NameOID.COMMON_NAME, f"{site} documents"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Halite"),
    ]
    now, name = datetime.now(UTC), x509.Name(names)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _keep(path: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    """Write both for their owner alone; a crash leaves none or both, who was faster keeps his."""
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    keep_secret(path, pem + certificate.public_bytes(serialization.Encoding.PEM))
