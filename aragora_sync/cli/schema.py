"""`aragora-sync schema`"""

from ..config.schema import all_classes, json_schema
from .common import Asked, command
from .output import say_json


@command
def schema(_asked: Asked) -> int:
    """Prints the JSON Schema of the configuration, for editors.

    Save it, and begin the configuration with: # yaml-language-server: $schema=FILE
    """
    say_json(json_schema(all_classes()), indent=2)
    return 0
