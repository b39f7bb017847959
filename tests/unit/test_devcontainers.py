"""The development containers hold to what devcontainer.json may say (containers.dev)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".devcontainer"
KNOWN: dict[str, type] = {
    "name": str,
    "image": str,
    "features": dict,
    "containerEnv": dict,
    "runArgs": list,
    "hostRequirements": dict,
    "postCreateCommand": str,
    "customizations": dict,
}
"""The properties of the reference that are used here."""
IMAGE = re.compile(r"mcr\.microsoft\.com/devcontainers/python:(\d+)\.(\d+)-\w+")
FEATURE = re.compile(r"ghcr\.io/[\w-]+/[\w-]+/[\w-]+:\d+")
SIZE = re.compile(r"\d+[tgmk]b")


def container(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / name / "devcontainer.json").read_text("utf-8"))


def test_there_is_one_for_each_kind_of_machine() -> None:
    assert sorted(folder.name for folder in FOLDER.iterdir()) == ["cpu", "cuda"]
    # Whoever opens the folder is asked which one, by its name.
    assert container("cpu")["name"] != container("cuda")["name"]


@pytest.mark.parametrize("name", ["cpu", "cuda"])
def test_a_container_says_what_the_reference_knows(name: str) -> None:
    found = container(name)
    for key, value in found.items():
        assert isinstance(value, KNOWN[key]), key
    image = IMAGE.fullmatch(found["image"])
    assert image is not None
    assert (int(image[1]), int(image[2])) >= (3, 10)
    assert all(FEATURE.fullmatch(feature) for feature in found["features"])
    assert int(found["features"]["ghcr.io/devcontainers/features/node:1"]["version"]) >= 20
    assert SIZE.fullmatch(found["hostRequirements"]["memory"])
    assert set(found["hostRequirements"]) <= {"cpus", "memory", "storage", "gpu"}
    script = found["postCreateCommand"].removeprefix("npm run ")
    assert script in json.loads((ROOT / "package.json").read_text("utf-8"))["scripts"]
    assert set(found["customizations"]) == {"vscode"}
    assert set(found["customizations"]["vscode"]) <= {"extensions", "settings"}


def test_only_one_asks_for_a_graphics_card() -> None:
    cpu, cuda = container("cpu"), container("cuda")
    assert cuda["hostRequirements"]["gpu"] is True
    assert "--gpus" in cuda["runArgs"]
    assert "gpu" not in cpu["hostRequirements"]
    assert cpu["containerEnv"]["PIP_EXTRA_INDEX_URL"].endswith("/cpu")
