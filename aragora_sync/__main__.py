"""The program `aragora-sync`."""

from __future__ import annotations

import gc
import os
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
    _open_what_is_closed()
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"aragora-sync {__version__}\n")
        return 0
    _load_quickly()
    from .cli.app import main as run_command_line
    from .cli.app import tell_bug

    sys.excepthook = tell_bug
    return run_command_line(sys.argv[1:])


def _load_quickly() -> None:
    """Modules that are being loaded are no garbage, and no plug-in of pydantic has a say here: both are not sought."""
    gc.set_threshold(20_000, 50, 100)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")


def _open_what_is_closed() -> None:
    """A closed stdin, stdout or stderr reads and writes nothing; else the next file would take its place."""
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            os.dup2(nothing := os.open(os.devnull, os.O_RDWR), number)
            if nothing != number:
                os.close(nothing)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - for good


if __name__ == "__main__":
    sys.exit(main())
