"""The unit file is one that systemd takes, and says what the daemon relies on."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers.process import root

UNIT = Path(__file__).parents[2] / "systemd" / "vaguemestre.service"


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment]
    parser.read(UNIT, encoding="utf-8")
    return parser


def test_what_the_daemon_relies_on() -> None:
    service = unit()["Service"]
    assert service["Type"] == "notify"
    assert "-HUP" in service["ExecReload"]
    assert service["KillMode"] == "mixed"  # readers are not killed in the middle of a document
    assert service["RestartPreventExitStatus"] == "2"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["StateDirectory"] == "vaguemestre"
    assert {"WatchdogSec", "MemoryMax"} <= set(service)


def test_systemd_takes_it(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is missing: apt-get install systemd")
    text = UNIT.read_text(encoding="utf-8")
    there = shutil.which("true")
    program = unit()["Service"]["ExecStart"].split()[0]
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace(program, str(there)), encoding="utf-8")  # the daemon is installed nowhere here
    done = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True, check=False, timeout=60)
    complaints = [line for line in done.stderr.splitlines() if UNIT.name in line]
    assert not complaints
    if root():  # systemd keeps its runtime files where only root may write
        assert done.returncode == 0, done.stderr
