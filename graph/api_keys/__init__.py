"""API keys: how machines say who they are, in an application that knows its users itself or from outside.

Users make keys by mutations and end them; a request with a key becomes a viewer. A key acts for the user who has made
it, and never has more rights than that user has now. No noun is known here. An application takes it in by
`KEYS = ApiKeys()`: `query_type(…, extra=[KEYS.listing])`, `mutation_type([*KEYS.mutations, …])` and
`Domain(api_keys=KEYS)`.
Why: docs/decisions/0045-api-keys.md.
"""

from graph.api_keys.keys import delete_keys_of, make_key
from graph.api_keys.mutations import ApiKeys

__all__ = ["ApiKeys", "delete_keys_of", "make_key"]
