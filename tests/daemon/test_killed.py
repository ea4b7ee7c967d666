"""kill -9 at every point between two transactions, restarted each time: each letter once, no mail lost."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from daemon.commands.demo import sources
from daemon.store import journal
from tests.daemon.town import CIG, LDMEMS, Town

ROOT = Path(__file__).resolve().parents[2]


def twenty_mails(folder: Path) -> Town:
    """The demo's mails: 24 delivered, one of them twice."""
    town = Town(folder, census=(sources() / "adherents.csv").read_text(encoding="utf-8").split("\n", 1)[1])
    for box, group in (("boite-cig", CIG), ("boite-ldmems", LDMEMS)):
        for mail in sorted((sources() / box).glob("*.eml")):
            town.deliver(mail.read_bytes(), group)
    return town


@pytest.mark.timeout(1200)
def test_a_daemon_killed_between_any_two_transactions_loses_and_repeats_nothing(tmp_path: Path) -> None:
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    calm.mkdir()
    killed.mkdir()
    undisturbed = twenty_mails(calm)
    undisturbed.run()
    town = twenty_mails(killed)
    assert town.delivered >= 20

    lives = subprocess.run(
        [sys.executable, "-m", "tests.daemon.dying", str(town.config), undisturbed.now.isoformat()],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert lives.returncode == 0, lives.stderr[-3000:]
    died, moved = map(int, lives.stdout.split())
    assert moved > 4 * town.delivered, "intake, reading, ruling and filing of every mail, and each letter"
    assert died > 2 * moved, "before and after each of them, and after the claims between"

    assert sum(town.filed(CIG).values()) + sum(town.filed(LDMEMS).values()) == town.delivered, "every mail is filed"
    assert town.filed(CIG) == undisturbed.filed(CIG)
    assert town.filed(LDMEMS) == undisturbed.filed(LDMEMS)
    letters = town.letters()
    assert Counter((x["key"], x["state"]) for x in letters) == Counter(
        (x["key"], x["state"]) for x in undisturbed.letters()
    )
    assert Counter(x["state"] for x in letters)["due"] == 0
    sent = [str(m["Message-ID"]) for m in town.sent()]
    assert len(sent) == len(set(sent)), "no mail left twice"
    assert set(sent) == {x["message_id"] for x in letters if x["state"] == "sent"}
    house = town.house()
    with house.database.session() as s:
        assert journal.verify(s) is None
    house.close()
