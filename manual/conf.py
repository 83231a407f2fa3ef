"""What Sphinx is told. Sources are in `var/manual/sources`: `manual.sources` writes them."""

from importlib import import_module

from graph import VERSION
from manual.python import MODULES

for name in MODULES:
    import_module(name)  # before Sphinx does, which would import some of them twice and map their tables again

project = "Trellis"
author = "The Trellis authors"
copyright = "2026, The Trellis authors"
release = VERSION

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
default_role = "code"  # docstrings have one backtick around code
suppress_warnings = ["misc.highlighting_failure"]  # JSON with "…" in it is for people

autodoc_inherit_docstrings = False  # what SQLAlchemy says of its own methods stands in its own manual
autodoc_default_options = {"members": True, "exclude-members": "run_sync, cache_ok"}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
napoleon_google_docstring = True

html_theme = "furo"
html_title = f"Trellis {VERSION}"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_last_updated_fmt = None
