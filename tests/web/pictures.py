"""Takes the pictures of the documentation anew: `python -m tests.web.pictures --data-dir FOLDER`.

The plant must run with the pilot week, some of whose cells are graded, and another order while its
lots are in the furnaces. Look at each picture afterwards.
"""

import argparse
import sys
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright

from deploy.background import running
from deploy.data_folder import DataFolder
from deploy.prepare import find_browser
from tests.plant import ROOT
from tests.web.conftest import QUIET_ARGUMENTS

FOLDER = ROOT / "docs" / "images"
LOGIN, FIRST_PASSWORD, PASSWORD = "pictures", "first-one-of-two", "chosen-at-sign-in"
WIDTH, HEIGHT = 1280, 800


def sign_up(plant: httpx.Client) -> None:
    """Add a person who may see everything, unless it is there from an earlier run."""
    roles = ["operator", "engineer", "quality", "administrator"]
    person = {"login": LOGIN, "name": "Ada Lovelace", "roles": roles, "password": FIRST_PASSWORD}
    given = plant.post("/api/persons", json=person, headers={"idempotency-key": "pictures-1"})
    if given.status_code != 201:
        return
    with httpx.Client(base_url=plant.base_url, trust_env=False) as own:
        own.post("/api/session", json={"login": LOGIN, "password": FIRST_PASSWORD})
        change = {"password": FIRST_PASSWORD, "new_password": PASSWORD}
        own.post("/api/session/password", json=change).raise_for_status()


def paths(plant: httpx.Client) -> dict[str, str]:
    """Return which screen each picture shows, by its name."""
    cells = plant.get("/api/cells").raise_for_status().json()["items"]
    graded = [cell["cell_id"] for cell in cells if cell["grade"]]
    if not graded:
        raise SystemExit("No cell is graded yet; wait some minutes and try again.")
    return {
        "line-overview": "/",
        "furnace-plan": "/furnaces",
        "cells": "/cells",
        "cell": f"/cells/{graded[0]}",
    }


def main() -> int:
    """Take all pictures; 1 when no plant runs in the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=ROOT / ".halite")
    data = DataFolder(parser.parse_args().data_dir)
    told, browser = running(data), find_browser()
    if told is None or browser is None:
        print("A running plant and a browser are needed.", file=sys.stderr)
        return 1
    key = (data.gateway_keys / "setup-key").read_text().strip()
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(base_url=told["url"], headers=headers, trust_env=False) as plant:
        sign_up(plant)
        screens = paths(plant)
    with (
        sync_playwright() as tools,
        tools.chromium.launch(executable_path=browser.path, args=QUIET_ARGUMENTS) as opened,
    ):
        context = opened.new_context(
            base_url=told["url"],
            locale="en-GB",
            viewport={"width": WIDTH, "height": HEIGHT},
        )
        reply = context.request.post("/api/session", data={"login": LOGIN, "password": PASSWORD})
        if not reply.ok:
            print(f"{LOGIN} cannot sign in: {reply.text()}", file=sys.stderr)
            return 1
        page = context.new_page()
        for name, path in screens.items():
            page.goto(path)
            page.get_by_role("main").wait_for()
            page.wait_for_timeout(4000)  # values come over the live link
            page.screenshot(path=FOLDER / f"{name}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
