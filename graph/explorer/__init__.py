"""GraphiQL in the browser, served from our own files.

`ExplorerPage` is what a browser gets at `/graphql`; `explorer_files()` are the routes below it that the page loads.
Nothing is requested from another host, and the Content-Security-Policy holds the browser to it.
"""

from graph.explorer.assets import explorer_files
from graph.explorer.page import ExplorerPage

__all__ = ["ExplorerPage", "explorer_files"]
