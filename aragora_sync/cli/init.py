"""`aragora-sync init`"""

from pathlib import Path
from shlex import quote

from ..config.example import starter
from ..config.paths import FILE_NAME
from ..core.errors import ConfigError
from .common import Asked, command
from .output import say, say_json, step


@command
def init(asked: Asked) -> int:
    """Writes a configuration to start with.

    The file is ./connectors.yaml, or the one named with --config. One that exists is never touched.
    """
    path = Path(asked.config_file or FILE_NAME)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starter())
    except FileExistsError as error:
        raise ConfigError(f"{path} exists already.", hint=f"aragora-sync check --config {quote(str(path))}") from error
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}.", hint="name another place with --config") from error
    if asked.json:
        say_json({"path": str(path)})
    elif not asked.quiet:
        say(f"{path} is written; look into it, then: {step('aragora-sync check')}")
    return 0
