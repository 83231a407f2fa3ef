"""GraphiQL in the browser, and the page at `/`, served from our own files.

`ExplorerPage` is what a browser gets at `/graphql`, `HomePage` what it gets at `/`; `explorer_files()` are the routes
that both load, `SchemaText` is the schema as a file. Nothing is requested from another host, and the
Content-Security-Policy holds the browser to it.
"""

from graph.explorer.assets import explorer_files
from graph.explorer.home import SCHEMA, HomePage, SchemaText, shows_schema
from graph.explorer.page import ExplorerPage, answered_once

__all__ = ["SCHEMA", "ExplorerPage", "HomePage", "SchemaText", "answered_once", "explorer_files", "shows_schema"]
