"""Create, update and delete for an entity, from its model and its declaration.

A few lines say which columns may be written, which relationships along with them, and who may do it; fields of the
mutation type leave. What only a noun itself knows (to publish a post, to pay an order) is a `mutation` of its own.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import strawberry
from pydantic import Field, TypeAdapter, create_model
from sqlalchemy import Column, delete, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import flag_modified
from strawberry.utils.str_converters import to_camel_case

from db.relations import link_of
from db.statements import Key
from db.violations import references_to
from graph.entity.registry import Entity, entity_of, entity_of_model, key_of
from graph.viewer import Viewer
from graph.writing.bulk import Bulk
from graph.writing.change import Change, global_id
from graph.writing.errors import (
    SIGNED_IN,
    Forbidden,
    InvalidInput,
    Place,
    Rejected,
    Right,
    StillReferenced,
    VersionConflict,
    no_such,
)
from graph.writing.inputs import Input, id_of
from graph.writing.inserting import insert_row
from graph.writing.links import RelationshipInput, RelationshipWriter
from graph.writing.mutation import Mutation
from graph.writing.payload import Member
from graph.writing.rules import fits, rule_of
from graph.writing.written import id_of_row

Default = Callable[[Mapping[str, Any]], Any]
"""From the other values to the value of a column that was left out."""

May = Callable[[Viewer, Any], bool]
"""Whether a viewer may change a row that they see."""

Beforehand = Callable[[Any, Any, Change], Awaitable[None]]
"""What a noun does with a row and an input before the row changes or goes. It raises `Rejected` to keep it as it is."""


def owner_or(*roles: str, owner: str) -> May:
    """Those who own the row, by this attribute, and those who have one of these roles."""
    return lambda viewer, row: (
        viewer.has("admin", *roles) or (viewer.id is not None and getattr(row, owner) == viewer.id)
    )


def with_role(*roles: str) -> May:
    """Those who have one of these roles."""
    return lambda viewer, _row: viewer.has("admin", *roles)


class Crud:
    """What may be written of one entity, and by whom."""

    def __init__(
        self,
        cls: type[Any],
        columns: Sequence[str],
        *,
        may: May,
        create: Right = SIGNED_IN,
        owner: str | None = None,
        links: Sequence[RelationshipInput] = (),
        defaults: Mapping[str, Default] | None = None,
        rules: Mapping[str, Any] | None = None,
        later: Sequence[str] = (),
        before_update: Beforehand | None = None,
        before_delete: Beforehand | None = None,
    ) -> None:
        """Declare it.

        Args:
            cls: The entity's class.
            columns: Attributes of the model that clients may give.
            may: Whether a viewer may change or delete a row that they see.
            create: Who may make new rows.
            owner: The to-one relationship to the user whom a new row belongs to: the viewer, unless an admin gives one.
            links: Many-to-many relationships that are written along.
            defaults: Values of columns that were left out, from the other values.
            rules: What Pydantic checks values of columns for, where more is known of them than their types tell.
            later: Those of the columns that a new row is not given.
            before_update: What else stands against an update, or is done along with it.
            before_delete: The same for a deletion.
        """
        self.entity: Entity = entity_of(cls)
        self.may = may
        self.right = create
        self.links = [RelationshipWriter(self.entity, linked) for linked in links]
        self.columns = tuple(columns)
        self.new_columns = tuple(name for name in columns if name not in later)
        """Those that a new row may be given."""
        self.before_update = before_update
        self.before_delete = before_delete
        self._defaults = dict(defaults or {})
        self._rules = dict(rules or {})
        self._owner = owner
        self._attributes = {attribute.name: attribute for attribute in self.entity.attributes.values()}
        self._member = {self._one: Member(cls, f"The {self.entity.one}; null if nothing was done.")}

    # The fields

    def create(self) -> Mutation:
        """`createPost`."""
        one = self.entity.one
        model = self.input(f"Create{self.entity.name}Input", f"A new {one}.", self.new_fields(with_links=True))
        return Mutation(f"create_{self._one}", f"Make a {one}.", model, self._member, self._create, self.right)

    def update(self) -> Mutation:
        """`updatePost`."""
        entity = self.entity
        fields: dict[str, Any] = {"id": self._id_field(f"Which {entity.one}."), **self._version_field()}
        for name in self.columns:
            fields[name] = (self._rule(name), Field(None, description=self._attributes[name].description))
        fields |= self._link_fields()
        doc = f"What becomes of a {entity.one}. What is left out stays as it is."
        model = self.input(f"Update{entity.name}Input", doc, fields)
        return Mutation(f"update_{self._one}", f"Change a {entity.one}.", model, self._member, self._update, SIGNED_IN)

    def delete(self) -> Mutation:
        """`deletePost`."""
        entity = self.entity
        fields: dict[str, Any] = {"id": self._id_field(f"Which {entity.one}."), **self._version_field()}
        model = self.input(f"Delete{entity.name}Input", f"Which {entity.one} is to go.", fields)
        members = {"deleted_id": Member(strawberry.ID, f"The id that the {entity.one} had; null if it is still there.")}
        return Mutation(f"delete_{self._one}", f"Delete a {entity.one}.", model, members, self._delete, SIGNED_IN)

    def create_many(self, name: str | None = None) -> Mutation:
        """`createPosts`, or under another name: many new rows in one statement."""
        return Bulk(self).mutation(name or f"create_{self.entity.plural}")

    def upsert_many(self, by: str, name: str | None = None) -> Mutation:
        """`upsertTags`: many rows in one statement; those whose natural key is there are changed."""
        return Bulk(self, by).mutation(name or f"upsert_{self.entity.plural}")

    # What others build on

    def input(self, name: str, doc: str, fields: Mapping[str, Any]) -> type[Input]:
        """An input about rows of the entity."""
        model: type[Input] = create_model(name, __base__=Input, __doc__=doc, **fields)
        model.ENTITY = self.entity
        return model

    def new_fields(self, *, with_links: bool) -> dict[str, Any]:
        """The fields of an input for a new row, as Pydantic's `create_model` takes them."""
        fields: dict[str, Any] = {}
        for name in self.new_columns:
            column, attribute = self._column(name), self._attributes[name]
            rule, description = self._rule(name), attribute.description
            if name in self._defaults:
                fields[name] = (rule | None, Field(None, description=f"{description} Made up if left out."))
            elif column.nullable or column.default is not None or column.server_default is not None:
                fields[name] = (rule, Field(None, description=description))
            else:
                fields[name] = (rule, Field(description=description))
        if self._owner is not None:
            owner = self.entity.mapper.relationships[self._owner]
            fields[f"{self._owner}_id"] = (
                id_of(entity_of_model(owner.mapper).cls) | None,
                Field(None, description=f"{owner.doc} Only admins give it; it is the viewer if left out."),
            )
        return fields | (self._link_fields() if with_links else {})

    def new_row(self, values: Input, change: Change, *field: str | int) -> dict[str, Any]:
        """The values of a new row, by attribute.

        Raises `Rejected` for an owner that the viewer may not choose, and where no value could be made up that was
        left out.
        """
        row = {name: getattr(values, name) for name in self.new_columns if values.given(name)}
        place = (*change.place, *field)
        for name, default in self._defaults.items():
            if row.get(name) is None:
                row[name] = made = default(row)
                if not fits(self._rules_of_defaults[name], made):
                    message = f"No {name} can be made of the other values; give one."
                    raise Rejected(InvalidInput(message, (*place, to_camel_case(name))))
        if self._owner is not None:
            (owner,) = self.owner_attributes
            row[owner] = self._owner_of(values, change, place)
        return row

    def owner_given(self, values: Input, change: Change) -> Key | None:
        """The key of the owner that an input names, unless it is the viewer."""
        given: Key | None = getattr(values, f"{self._owner}_id") if self._owner is not None else None
        return None if given == (change.viewer.id,) else given

    async def no_owners(self, given: Mapping[Place, Key], change: Change) -> dict[Place, Any]:
        """`NotFound` for each place of the input at which an owner is named that is not there. One statement."""
        if not given:
            return {}
        assert self._owner is not None
        target = self.entity.mapper.relationships[self._owner].mapper
        key = target.primary_key
        there = change.visible(target.class_).with_only_columns(*key).where(tuple_(*key).in_(list(given.values())))
        found = {tuple(row) for row in await change.orm.execute(there, change.bound)}
        alias = to_camel_case(f"{self._owner}_id")
        one = entity_of_model(target).one
        return {place: no_such(one, (*place, alias)) for place, key in given.items() if key not in found}

    def check_may(self, row: Any, change: Change) -> None:
        """Raise `Rejected` with `Forbidden` when the viewer may not change a row."""
        if not self.may(change.viewer, row):
            message = f"This {self.entity.one} belongs to somebody else; you may read it, but not change it."
            raise Rejected(Forbidden(message, (*change.place, "id")))

    async def found(self, values: Any, change: Change) -> Any:
        """The row that an input names with `id` and perhaps `ifVersion`, if the viewer may change it."""
        row = await change.find(self.entity.model, values.id, "id")
        self.check_may(row, change)
        wanted = getattr(values, "if_version", None)
        if wanted is not None and (version := getattr(row, self._version)) != wanted:
            message = f"The version is {version} now, not {wanted}; read it again and decide anew."
            raise Rejected(VersionConflict(message, (*change.place, "ifVersion"), current_version=version))
        return row

    @property
    def owner_attributes(self) -> tuple[str, ...]:
        """The attributes that say whose a row is."""
        return () if self._owner is None else link_of(self.entity.mapper.relationships[self._owner]).key

    # The work

    async def _create(self, values: Any, change: Change) -> Any:
        new = self.new_row(values, change)
        owner = self.owner_given(values, change)
        refused = await self.no_owners({change.place: owner} if owner else {}, change)
        if refused:
            raise Rejected(*refused.values())
        row, shown = await insert_row(change, self.entity, new)
        for linking in self.links:
            await linking.apply(row, getattr(values, linking.name), change, new=True)
        change.touched[id_of_row(shown)] = None
        return shown

    async def _update(self, values: Any, change: Change) -> Any:
        row = await self.found(values, change)
        if self.before_update is not None:
            await self.before_update(row, values, change)
        linked = [
            await linking.apply(row, getattr(values, linking.name), change)
            for linking in self.links
            if values.given(linking.name)
        ]
        for name in self.columns:  # after the links, whose statements would flush: a change counts the version up once
            if values.given(name):
                _set(row, name, getattr(values, name))
        if any(linked) and self._tells_changes:
            flag_modified(row, self.columns[0])  # what belongs to the row has changed, so its version does
        await change.orm.flush()
        change.touch(row)
        return row

    async def _delete(self, values: Any, change: Change) -> Any:
        row = await self.found(values, change)
        if self.before_delete is not None:
            await self.before_delete(row, values, change)
        gone, key = global_id(row), key_of(row)
        mapper = self.entity.mapper
        change.touch(row)
        change.orm.expunge(row)
        try:
            async with change.orm.begin_nested():
                condition = (column == part for column, part in zip(mapper.primary_key, key, strict=True))
                await change.orm.execute(delete(self.entity.model).where(*condition))
        except IntegrityError:
            raise Rejected(await self._still_referenced(key, change)) from None
        return strawberry.ID(gone)

    async def _still_referenced(self, key: Key, change: Change) -> StillReferenced:
        table = self.entity.model.__table__
        holding = [
            other.name.replace("_", " ")
            for other, refers in references_to(table, key, table.metadata)
            if await change.orm.scalar(refers)
        ]
        message = f"This {self.entity.one} still has {_and(holding) or 'something'}; delete or move what it has first."
        return StillReferenced(message, (*change.place, "id"))

    # The parts of inputs

    @cached_property
    def _rules_of_defaults(self) -> dict[str, TypeAdapter[Any]]:
        return {name: TypeAdapter(self._rule(name)) for name in self._defaults}

    @property
    def _one(self) -> str:
        return self.entity.one.replace(" ", "_")

    def _column(self, name: str) -> Column[Any]:
        return self.entity.mapper.columns[name]

    def _rule(self, name: str) -> Any:
        """What a value of a column must be like."""
        column, rule = self._column(name), self._rules.get(name)
        if rule is None:
            return rule_of(self._attributes[name], column)
        return rule | None if column.nullable else rule

    def _id_field(self, description: str) -> Any:
        return (id_of(self.entity.cls), Field(description=description))

    def _version_field(self) -> dict[str, Any]:
        if self.entity.mapper.version_id_col is None:
            return {}
        description = "Only if this is still its version; otherwise nothing happens and the answer says what it is now."
        return {"if_version": (int | None, Field(None, description=description))}

    def _link_fields(self) -> dict[str, Any]:
        return {
            linking.name: (linking.input, Field(None, description=f"The {linking.target.many}."))
            for linking in self.links
        }

    @property
    def _version(self) -> str:
        """The attribute that counts the changes of a row."""
        column: Any = self.entity.mapper.version_id_col
        return str(self.entity.mapper.get_property_by_column(column).key)

    @property
    def _tells_changes(self) -> bool:
        """Whether a row says that it has changed."""
        mapper = self.entity.mapper
        return mapper.version_id_col is not None or any(column.onupdate is not None for column in mapper.columns)

    def _owner_of(self, values: Input, change: Change, place: Place) -> Any:
        name = f"{self._owner}_id"
        given = getattr(values, name)
        where = (*place, to_camel_case(name))
        if given is None:
            if change.viewer.id is None:
                raise Rejected(InvalidInput("This key acts for nobody; say whom the new row belongs to.", where))
            return change.viewer.id
        if given != (change.viewer.id,) and not change.viewer.has("admin"):
            raise Rejected(Forbidden("Only admins make this for others; leave it out.", where))
        return given[0]


def _set(row: Any, name: str, value: Any) -> None:
    if isinstance(value, dict | list) and _as_json(value) != _as_json(getattr(row, name)):
        flag_modified(row, name)  # to Python, and so to SQLAlchemy, {"a": true} and {"a": 1} are equal
    setattr(row, name, value)


def _as_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if names[1:] else "".join(names)
