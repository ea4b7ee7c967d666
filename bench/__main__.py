"""`python -m bench`: the ratios that issue 3 asks for, one bench behind the other, each in a process of its own.

`bench.accuracy` and `bench.strangers` say how well documents are read; they take minutes and are run by name.
"""

from __future__ import annotations

import subprocess
import sys

BENCHES = ("text", "memory", "ocr")


def main() -> int:
    failed = []
    for name in BENCHES:
        print(f"\n== bench.{name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode:
            failed.append(name)
    print("\nover their bounds: " + (", ".join(failed) or "none"))
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
