"""The program `aragora-sync`."""

from __future__ import annotations

import sys

from . import __version__


def main() -> int:
    """Runs the command line; the exit code. `--version` answers before anything heavy is imported."""
    if sys.platform == "win32":
        sys.stderr.write(
            "error: aragora-sync runs on Linux and macOS, not on Windows.\n"
            "  try: install it inside WSL, https://learn.microsoft.com/windows/wsl\n"
        )
        return 2
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"aragora-sync {__version__}\n")
        return 0
    from .cli.app import main as run_command_line
    from .cli.app import tell_bug

    sys.excepthook = tell_bug
    return run_command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
