"""Runs the identity server Canaille with one client and some persons: a provider of its own.

It is a program of its own because it is one at a site too: `python openid_provider.py`, with
`{"port", "redirect_uri", "secret", "persons": {login: {"name", "password", "groups"}}}` on its
standard input. It keeps everything in memory and prints a line when it serves.
"""

import json
import logging
import sys
import uuid

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT = "halite"


def main() -> None:
    """Serve until the end of the process that started it."""
    given = json.load(sys.stdin)
    key = RSAKey.generate_key(2048)
    key.ensure_kid()
    app = create_app(
        config={
            "ENV_FILE": None,
            "SECRET_KEY": uuid.uuid4().hex,
            "SERVER_NAME": f"localhost:{given['port']}",
            "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False},
            "CANAILLE_OIDC": {
                "ACTIVE_JWKS": [key.as_dict(private=True)],
                "USERINFO_MAPPING": {"PREFERRED_USERNAME": "{{ user.user_name }}"},
            },
        }
    )
    with app.app_context():
        add_client(given["redirect_uri"], given["secret"])
        add_persons(given["persons"])
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", given["port"], app, threaded=True)
    print("serving", flush=True)
    server.serve_forever()


def add_client(redirect_uri: str, secret: str) -> None:
    """Let the plant's gateway ask for persons."""
    client = models.Client(
        client_id=CLIENT,
        client_secret=secret,
        client_name="Halite",
        client_uri="http://127.0.0.1/",
        redirect_uris=[redirect_uri],
        grant_types=["authorization_code"],
        response_types=["code"],
        token_endpoint_auth_method="client_secret_basic",
        scope=["openid", "profile", "groups"],
    )
    Backend.instance.save(client)
    client.audience = [client]  # which it can be once it is kept
    Backend.instance.save(client)


def add_persons(persons: dict[str, dict[str, object]]) -> None:
    """Add persons and the groups they are in."""
    groups: dict[str, list[object]] = {}
    for login, about in persons.items():
        user = models.User(
            user_name=login,
            formatted_name=about["name"],
            family_name=str(about["name"]).split()[-1],
            emails=[f"{login}@example.org"],
            password=about["password"],
        )
        Backend.instance.save(user)
        for group in about["groups"]:
            groups.setdefault(str(group), []).append(user)
    for name, members in groups.items():
        Backend.instance.save(models.Group(display_name=name, members=members))


if __name__ == "__main__":
    main()
