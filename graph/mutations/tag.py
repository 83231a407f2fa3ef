"""Changes of tags."""

from functools import partial

from graph.mutations.rights import EDITORS
from graph.types.tag import Tag
from graph.writing import Crud, with_right

tags = Crud(Tag, ["name", "slug"], may=with_right(EDITORS), create=EDITORS)

MUTATIONS = [
    tags.create,
    tags.update,
    tags.delete,
    partial(tags.upsert, by="slug"),
    partial(tags.upsert_many, by="slug"),
]
