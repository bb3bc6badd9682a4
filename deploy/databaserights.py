"""Who may enter which database of a server that others run: one role and one database a service.

Each service enters with its certificate of the plant's authority, over TLS alone, and owns nothing
but its own database.
"""

from collections.abc import Iterator

from shared.settings import SERVICES

MAP = "halite"


def role(service: str) -> str:
    """Return the name of a service's role, which is that of its database."""
    return f"halite_{service}"


def statements() -> Iterator[str]:
    """Yield the SQL that an administrator runs once, outside of a transaction."""
    yield "CREATE ROLE halite_analyst NOLOGIN"  # may read the views of trace; reports are given it
    for service in SERVICES:
        name = role(service)
        yield f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
        yield f"CREATE DATABASE {name} OWNER {name}"
        yield f"REVOKE ALL ON DATABASE {name} FROM PUBLIC"
    yield f"GRANT CONNECT ON DATABASE {role('trace')} TO halite_analyst"


def entrances() -> str:
    """Return the lines of pg_hba.conf: the certificate says who comes; all else is refused."""
    own = [f"hostssl {role(one)} {role(one)} all cert map={MAP}" for one in SERVICES]
    return "\n".join([*own, "host all all all reject"]) + "\n"


def names() -> str:
    """Return the lines of pg_ident.conf: the name in a certificate, and the role it stands for."""
    return "".join(f"{MAP} {service} {role(service)}\n" for service in SERVICES)


def printed() -> str:
    """Return all of it as a person gives it to the server."""
    sql = "".join(f"{statement};\n" for statement in statements())
    return (
        f"-- SQL, once, as administrator\n{sql}\n"
        f"# pg_hba.conf, after the lines of administrators\n{entrances()}\n"
        f"# pg_ident.conf\n{names()}"
    )
