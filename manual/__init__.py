"""The manual: a site of static files, made of `docs/`, the papers of the project and what the code says of itself.

The files of a checkout enter, `site/` leaves. Nothing is asked of another host, neither while the site is made nor by
its pages. A link that leads nowhere, a page that nobody finds and a mistake of form end the build.
Why Sphinx: docs/decisions/0065-the-manual.md.
"""
