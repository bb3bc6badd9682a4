"""The keys by which a plant signs its record: seals (Ed25519), and documents (P-256).

Made once and never renewed by the plant: who checks a record must know them.
"""

from pathlib import Path

from deploy.data_folder import DataFolder
from services.trace import certificate, signing, workflow


def make(data: DataFolder, site: str) -> list[Path]:
    """Make the keys that are missing; return the files of both.

    site: the plant's name in the certificate for documents.

    Raises:
        PersonNeededError: a key cannot be read or made.
    """
    seals, documents = data.secrets / workflow.KEY_FILE, data.secrets / certificate.FILE
    signing.signer_at(seals)
    certificate.pdf_signer_at(documents, site)
    return [seals, documents]
