"""The contract of connectors as tests: subclass it, say how connector and source are made, and run pytest."""

from .bench import ContractWorld
from .contract import ConnectorContract

__all__ = ["ConnectorContract", "ContractWorld"]
