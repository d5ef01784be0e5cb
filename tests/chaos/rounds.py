"""Does `boot/analytics jobs run` each time a line comes in, and says how it went.

A process that stays, since one that starts anew for each round takes ten times as long.
"""

import sys

from cli.__main__ import cli


def main() -> None:
    """One round for each line, one word for each round."""
    for _ in sys.stdin:
        try:
            cli(["jobs", "run"], standalone_mode=False)
            print("done", flush=True)
        except SystemExit as end:
            print(f"failed with exit code {end.code}", flush=True)


if __name__ == "__main__":
    main()
