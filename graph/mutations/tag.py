"""Changes of tags."""

from functools import partial

from graph.types.tag import Tag
from graph.writing import EDITORS, Crud, with_role

tags = Crud(Tag, ["name", "slug"], may=with_role("editor"), create=EDITORS)

MUTATIONS = [tags.create, tags.update, tags.delete, partial(tags.upsert_many, by="slug")]
