"""Neovim with the configuration that docs/protocol.md shows: an editor that nobody here wrote.

It runs where `nvim` is installed, which `.ci/run` sees to; elsewhere the summary of the tests says
that it did not.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.conftest import RIGHT, SAMPLE, WRONG, bare_python

ROOT = Path(__file__).resolve().parents[2]
NEOVIM = shutil.which("nvim")

pytestmark = pytest.mark.skipif(
    NEOVIM is None, reason="Neovim was not tried: nvim is not installed"
)

STORY = """
local seen = {}
local buffer = vim.api.nvim_get_current_buf()

local function codes()
  local found = {}
  for _, item in ipairs(vim.diagnostic.get(buffer)) do table.insert(found, item.code) end
  table.sort(found)
  return table.concat(found, " ")
end

local function wait(name, condition)
  local came = vim.wait(30000, condition, 20)
  if not came then seen.failed = name .. ": " .. codes() .. vim.fn.execute("messages") end
  return came
end

local function write(lines)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, true, lines)
end

local function press(keys)
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(keys, true, true, true), "mx", false)
end

local told = {}
local show = vim.lsp.handlers["window/showMessage"]
vim.lsp.handlers["window/showMessage"] = function(err, result, ...)
  table.insert(told, result.message)
  return show(err, result, ...)
end

local function story()
  local blanks = "blank/unfilled blank/unfilled"
  if not wait("blanks", function() return codes() == blanks end) then return end
  seen.blanks = codes()
  local params = vim.lsp.util.make_range_params()
  params.context = { diagnostics = {} }
  local answers = vim.lsp.buf_request_sync(buffer, "textDocument/codeAction", params, 30000)
  for _, answer in pairs(answers) do
    seen.actions = vim.tbl_map(function(action) return action.title end, answer.result)
  end
  write(WRONG)
  press("\\\\bc")
  if not wait("wrong", function() return #told == 1 and codes() == "sct/value" end) then return end
  seen.wrong = codes()
  write(RIGHT)
  press("\\\\bc")
  if not wait("right", function() return #told == 2 and codes() == "" end) then return end
end

local ran, problem = pcall(story)
if not ran then seen.failed = problem end
seen.told = told
vim.fn.writefile({ vim.fn.json_encode(seen) }, RESULT)
vim.cmd("qall!")
"""


def documented() -> str:
    """The configuration in the documentation."""
    found = re.search(
        r"```lua\n(.*?)```", (ROOT / "docs/protocol.md").read_text("utf-8"), re.DOTALL
    )
    assert found
    return found[1]


def lua(text: str) -> str:
    return "{ " + ", ".join(json.dumps(line) for line in text.splitlines()) + " }"


async def test_the_documented_configuration_checks_an_exercise(workspace: Path) -> None:
    command = workspace / "bin" / "blankcheck"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m blankcheck "$@"\n')
    command.chmod(0o755)
    (workspace / "init.lua").write_text(documented(), "utf-8")
    (workspace / "a.py").write_text(SAMPLE, "utf-8")
    result = workspace / "result.json"
    story = STORY.replace("WRONG", lua(WRONG)).replace("RIGHT", lua(RIGHT))
    (workspace / "story.lua").write_text(story.replace("RESULT", json.dumps(str(result))), "utf-8")
    environment = {
        **os.environ,
        "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        "BLANKCHECK_DATA_DIR": str(workspace / "data"),
        "BLANKCHECK_PYTHON": bare_python(),
        "XDG_CONFIG_HOME": str(workspace / "config"),
        "XDG_DATA_HOME": str(workspace / "share"),
        "XDG_STATE_HOME": str(workspace / "state"),
        "XDG_CACHE_HOME": str(workspace / "cache"),
    }
    assert NEOVIM
    process = await asyncio.create_subprocess_exec(
        NEOVIM, "--headless", "-n", "-u", "init.lua", "-c", "luafile story.lua", "a.py",
        cwd=workspace, env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 100)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert result.exists(), output.decode()
    seen: dict[str, Any] = json.loads(result.read_text("utf-8"))
    assert "failed" not in seen, seen
    assert seen["blanks"] == "blank/unfilled blank/unfilled"
    assert seen["wrong"] == "sct/value"
    assert "Blankcheck: Check" in seen["actions"]
    assert seen["told"][0].startswith("Not right yet: line 2: ")
    assert seen["told"][1] == "Passed: Well added."
