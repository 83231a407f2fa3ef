"""Create, update and delete for an entity, from its model and its declaration.

A few lines say which columns may be written, which relationships along with them, and who may do it; declarations of
mutations leave. A change that only this noun knows (to publish a post, to pay an order) is a `mutation` of its own.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import strawberry
from pydantic import Field
from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import flag_modified, set_committed_value

from db.statements import Key, references_to
from graph.entity.registry import Entity, entity_of, key_of
from graph.errors import DeclarationError
from graph.writing.bulk import Bulk
from graph.writing.change import Beforehand, Change, WrittenRow, global_id
from graph.writing.checks import Check
from graph.writing.column_guards import refused
from graph.writing.editing import RowChanger
from graph.writing.errors import (
    AlreadyExists,
    ErrorClass,
    Rejected,
    StillReferenced,
    UserError,
    VersionConflict,
    not_yours,
)
from graph.writing.free_values import FreeValues
from graph.writing.idempotency import FIELD as KEY
from graph.writing.idempotency import IdempotencyKey, idempotency_key
from graph.writing.increments import Increments, Sums, increments_seen
from graph.writing.inputs import Annotation, Input, Version, entity_input, id_of
from graph.writing.links import RelationshipInput, RelationshipWriter
from graph.writing.many import Declared
from graph.writing.many_deletions import ManyDeletions
from graph.writing.many_updates import ManyUpdates
from graph.writing.mutation import MutationDeclaration, Prepare
from graph.writing.natural_keys import NaturalKeys
from graph.writing.nested import RowsInput, RowsWriter, RowWork, fields_of
from graph.writing.payload import Member
from graph.writing.rights import SIGNED_IN, May, Right
from graph.writing.upsert import Upsert
from graph.writing.writer import Default, EntityWriter


class Named(Protocol):
    """An input that names one row. It may have `if_version`, too."""

    @property
    def id(self) -> Key:
        """The row's key."""


class Crud:
    """What may be written of one entity, and by whom."""

    def __init__(
        self,
        cls: type[object],
        columns: Sequence[str],
        *,
        may: May,
        create: Right = SIGNED_IN,
        change: Right = SIGNED_IN,
        owner: str | None = None,
        owner_right: Right | None = None,
        links: Sequence[RelationshipInput] = (),
        rows: Sequence[RowsInput] = (),
        defaults: Mapping[str, Default] | None = None,
        rules: Mapping[str, Annotation] | None = None,
        checks: Sequence[Check] = (),
        later: Sequence[str] = (),
        first: Sequence[str] = (),
        before_update: Beforehand | None = None,
        before_delete: Beforehand | None = None,
        increments: Sequence[str] = (),
        update_fields: Mapping[str, Annotation] | None = None,
        prepare_update: Prepare | None = None,
        update_errors: Sequence[ErrorClass] = (),
        delete_errors: Sequence[ErrorClass] = (),
    ) -> None:
        """Declare it.

        Args:
            cls: The entity's class.
            columns: Attributes of the model that clients may give.
            may: Whether a viewer may change or delete a row that they see.
            create: Who may make new rows.
            change: Who may ask for a change or a deletion at all; `may` says of which rows.
            owner: The to-one relationship to the user whom a new row belongs to: the viewer, unless another is given.
            owner_right: Who may give another owner; needed with `owner`.
            links: Many-to-many relationships that are written along.
            rows: One-to-many relationships whose rows are written along.
            defaults: Values of columns that were left out, from the other values.
            rules: What Pydantic checks values of columns for, where more is known of them than their types tell.
            checks: What must hold over the values of a row, alone or together.
            later: Those of the columns that a new row is not given.
            first: Columns besides, which a new row alone is given: its key.
            before_update: What else stands against an update, or is done along with it.
            before_delete: The same for a deletion.
            increments: Those of the columns, numbers, that a client may add to: `increment: {stock: -1}`.
            update_fields: Fields of an update's input that are no columns, as Pydantic's `create_model` takes them.
            prepare_update: What an update does before its transaction; `before_update` finds it in `change.prepared`.
            update_errors: What these two answer besides what every mutation may.
            delete_errors: The same for `before_delete`.
        """
        self.entity: Entity = entity_of(cls)
        self._may = may
        self._right = create
        self._change = change
        self._columns = tuple(columns)
        new = [*first, *(name for name in columns if name not in later)]
        self._writer = EntityWriter(
            self.entity, new, owner=owner, owner_right=owner_right, defaults=defaults, rules=rules, checks=checks
        )
        self._free_values = FreeValues(self._writer)
        self._links = [RelationshipWriter(self.entity, declared) for declared in links]
        self._increments = Increments(self._writer, increments, self._columns)
        self._rows = [RowsWriter(self.entity, declared) for declared in rows]
        linked = frozenset[ErrorClass]({AlreadyExists}).union(*(it.errors for it in self._links))
        self._create_errors = linked.union(*(it.create_errors for it in self._rows)) - {*create.errors}
        nested = linked.union(*(it.errors for it in self._rows)) - {*change.errors}
        self._before_update = before_update
        self._update_fields = dict(update_fields or {})
        self._prepare_update = prepare_update
        self._before_delete = before_delete
        self._versions = (VersionConflict,) if self.entity.mapper.version_id_col is not None else ()
        self._update_errors = (*nested, *self._versions, *update_errors)
        self._delete_errors = (StillReferenced, *self._versions, *delete_errors)
        self._one = self.entity.one.replace(" ", "_")
        self._member = {self._one: Member(cls, f"The {self.entity.one} as it is now; null if nothing was done.")}

    # The declarations

    def create(self) -> MutationDeclaration[Input, WrittenRow]:
        """`createPost`."""
        one, fields = self.entity.one, self._new_fields()
        model = entity_input(self.entity, f"Create{self.entity.name}Input", f"A new {one}.", fields)
        name = f"create_{self._one}"
        does = f"Make {self.entity.a_one}."
        errors = tuple(self._create_errors)
        return MutationDeclaration(name, does, model, self._member, self._right, self._create, errors=errors)

    def update(self) -> MutationDeclaration[Any, Any]:
        """`updatePost`."""
        return self._updating

    @cached_property
    def _updating(self) -> MutationDeclaration[Any, Any]:
        model = self._changed_input
        if self._increments.names:
            key: dict[str, Annotation] = {KEY: (IdempotencyKey | None, idempotency_key())}
            model = self._update_input(f"Update{self.entity.name}Input", key)
        return MutationDeclaration(
            f"update_{self._one}",
            f"Change {self.entity.a_one}.",
            model,
            self._member,
            self._change,
            self._update,
            prepare=self._prepare_update,
            idempotent=bool(self._increments.names),  # to add twice is not to add once
            errors=self._update_errors,
        )

    @cached_property
    def _changed_input(self) -> type[Input]:
        """What becomes of a row, alone or along with others: which call it is, only a call of its own says."""
        return self._update_input(f"{'Change' if self._increments.names else 'Update'}{self.entity.name}Input", {})

    def _update_input(self, name: str, more: Mapping[str, Annotation]) -> type[Input]:
        fields = self._naming_fields(f"Which {self.entity.one}.") | self._column_fields()
        fields |= self._increments.input_fields() | dict(more) | self._update_fields | self._nested_fields()
        doc = f"What becomes of {self.entity.a_one}. What is left out stays as it is."
        return entity_input(self.entity, name, doc, fields)

    def delete(self) -> MutationDeclaration[Any, str]:
        """`deletePost`."""
        return self._deleting

    @cached_property
    def _deleting(self) -> MutationDeclaration[Any, str]:
        one, fields = self.entity.one, self._naming_fields(f"Which {self.entity.one}.")
        model = entity_input(self.entity, f"Delete{self.entity.name}Input", f"Which {one} is to go.", fields)
        members = {"deleted_id": Member(strawberry.ID, f"The id that the {one} had; null if it is still there.")}
        name, does = f"delete_{self._one}", f"Delete {self.entity.a_one}."
        return MutationDeclaration(name, does, model, members, self._change, self._delete, errors=self._delete_errors)

    def update_many(self, name: str | None = None) -> MutationDeclaration[Any, Mapping[str, object]]:
        """`updatePosts`: the same change of all rows that a filter finds."""
        self._check_nothing_is_prepared()
        declared = self._declared(self._update_errors)
        fields = self._column_fields() | self._link_fields()
        return ManyUpdates(name or f"update_{self.entity.plural}", declared, fields).declaration()

    def delete_many(self, name: str | None = None) -> MutationDeclaration[Any, Mapping[str, object]]:
        """`deletePosts`: all rows that a filter finds go."""
        declared = self._declared(self._delete_errors)
        return ManyDeletions(name or f"delete_{self.entity.plural}", declared).declaration()

    def _declared(self, errors: Sequence[ErrorClass]) -> Declared:
        return Declared(
            writer=self._writer,
            may=self._may,
            right=self._change,
            columns=self._columns,
            increments=self._increments,
            links=self._links,
            before_update=self._before_update,
            before_delete=self._before_delete,
            errors=self._without_version(errors),
        )

    def _without_version(self, errors: Sequence[ErrorClass]) -> Sequence[ErrorClass]:
        """What changes answer that name no version of a row."""
        return [error for error in errors if error is not VersionConflict]

    def create_many(self, name: str | None = None) -> MutationDeclaration[Any, Mapping[str, object]]:
        """`createPosts`, or under another name: many new rows in one statement."""
        return self._bulk(name or f"create_{self.entity.plural}", None)

    def upsert(
        self, by: str | Sequence[str] | None = None, name: str | None = None
    ) -> MutationDeclaration[Any, Mapping[str, object]]:
        """`upsertTag`: a row is made, or the one that has its natural key is changed.

        `by` is a column, or several that are unique together; without it, a client names one of all keys that there
        are. Raises `DeclarationError` for a noun that asks more of an update than this can.
        """
        upsert = Upsert(
            name or f"upsert_{self._one}",
            self._writer,
            self._links,
            may=self._may,
            right=self._right,
            keys=NaturalKeys(self._writer, by),
            before_update=self._before_update,
            errors=self._without_version(self._update_errors),
        )
        self._check_nothing_is_prepared()
        return upsert.declaration()

    def upsert_many(
        self, by: str | Sequence[str] | None = None, name: str | None = None
    ) -> MutationDeclaration[Any, Mapping[str, object]]:
        """`upsertTags`: many rows in one statement; those whose natural key is there are changed. See `upsert`."""
        bulk = self._bulk(name or f"upsert_{self.entity.plural}", NaturalKeys(self._writer, by))
        self._check_nothing_is_prepared()
        return bulk

    def _check_nothing_is_prepared(self) -> None:
        if self._prepare_update is not None:
            raise DeclarationError(f"{self.entity.name} has a prepare_update, which is for one row; leave one out.")

    def _bulk(self, name: str, keys: NaturalKeys | None) -> MutationDeclaration[Any, Mapping[str, object]]:
        return Bulk(
            name,
            self._writer,
            self._links,
            may=self._may,
            right=self._right,
            keys=keys,
            before_update=self._before_update,
            errors=self._without_version(self._update_errors) if keys is not None else (),
        ).declaration()

    def _naming_fields(self, description: str) -> dict[str, Annotation]:
        fields: dict[str, Annotation] = {"id": (id_of(self.entity.cls), Field(description=description))}
        if self.entity.mapper.version_id_col is not None:
            text = "Only if this is still its version; otherwise nothing happens and the answer says what it is now."
            fields["if_version"] = (Version | None, Field(None, description=text))
        return fields

    def _column_fields(self) -> dict[str, Annotation]:
        described = {name: Field(None, description=self._writer.description(name)) for name in self._columns}
        return {name: (self._writer.rule(name), field) for name, field in described.items()}

    def _new_fields(self) -> dict[str, Annotation]:
        return self._writer.input_fields() | self._free_values.input_fields() | self._nested_fields()

    def _link_fields(self) -> dict[str, Annotation]:
        return {link.name: (link.input, Field(None, description=f"The {link.words}.")) for link in self._links}

    def _nested_fields(self) -> dict[str, Annotation]:
        return self._link_fields() | dict(fields_of(self._rows))

    @property
    def changer(self) -> RowChanger:
        """What an update does with rows that are changed along with others."""
        return RowChanger(
            writer=self._writer,
            right=self._change,
            input=lambda: self._changed_input,
            permit=self._permit,
            edit=self._edit,
            errors=self._update_errors,
            is_prepared=self._prepare_update is not None,
        )

    @property
    def work(self) -> RowWork:
        """What may be done with rows that are written along with the one that they belong to."""
        return RowWork(
            changer=self.changer,
            free_values=self._free_values,
            links=self._links,
            rows=self._rows,
            create=self._right,
            new_fields=self._new_fields,
            delete_input=lambda: self.delete().input,
            before_delete=self._before_delete,
            erase=self._erase,
            delete_errors=self._delete_errors,
        )

    # The work

    async def found(self, values: Named, change: Change) -> Any:
        """The row that an input names with `id` and perhaps `if_version`, locked, if the viewer may change it."""
        row = await change.find(self.entity.model, values.id, "id")
        self._permit(row, values, change)
        return row

    def _permit(self, row: Any, values: Named, change: Change) -> None:
        """Raise `Rejected` where the viewer may not change a row, or an input names another version of it."""
        if not self._may(change.viewer, row):
            raise Rejected(not_yours(self.entity.one, (*change.place, "id")))
        wanted = getattr(values, "if_version", None)
        if wanted is not None and (version := getattr(row, self._version)) != wanted:
            message = f"The version is {version} now, not {wanted}; read it again and decide anew."
            raise Rejected(VersionConflict(message, (*change.place, "ifVersion"), current_version=version))

    async def _create(self, values: Input, change: Change) -> WrittenRow:
        batch = await self._writer.check({change.place: values}, change)
        if batch.bad:
            raise Rejected(*batch.errors)
        row, reference = await self._free_values.insert(batch.good[change.place], values, change)
        for link in self._links:
            asked = getattr(values, link.name)
            if asked is not None:
                await link.apply(row, asked, change, new=True)
            elif link.has_first:
                await link.begin([row], change)
        for rows in self._rows:
            await rows.apply(row, getattr(values, rows.name), change)
        change.touch(reference)
        return reference

    async def _update(self, values: Any, change: Change) -> object:
        row = await self.found(values, change)
        sums = await self._edit(row, values, change)
        try:
            await change.flush()
        except IntegrityError as error:
            if (refusal := self._increments.refused(error, sums, change.place)) is None:
                raise
            raise Rejected(refusal) from None
        for name, total in sums.items():  # the session knows the statement, not the sum, and would read the row again
            set_committed_value(row, name, total)
        change.touch(row)
        return row

    async def _edit(self, row: Any, values: Any, change: Change) -> Sums:
        """Give a row that is locked what an input says. Returns what its counted columns will have."""
        sums = await self._sums(row, values, change)
        if self._before_update is not None:
            try:
                await self._before_update(row, increments_seen(values, sums), change)
            except Rejected as rejected:
                raise Rejected(*self._increments.placed(rejected.errors, change.place, sums, change.place)) from None
        self._check_guards(row, values, sums, change)
        linked = [
            await link.apply(row, getattr(values, link.name), change) for link in self._links if values.given(link.name)
        ]
        for rows in self._rows:
            await rows.apply(row, getattr(values, rows.name), change)
        # The columns come after the links, whose statements flush the session: each flush of a changed row counts its
        # version up, and a change counts once.
        for name in self._columns:
            if values.given(name):
                _set(row, name, getattr(values, name))
        for name, number in self._increments.given(values).items():
            setattr(row, name, getattr(self.entity.model, name) + number)
        if any(linked) and self._tells_changes:
            flag_modified(row, self._columns[0])  # the links belong to the row, so its version changes with them
        return sums

    async def _sums(self, row: object, values: Any, change: Change) -> Sums:
        """What the counted columns of a locked row will have. Raises `Rejected` for what cannot be."""
        added = self._increments.given(values)
        if errors := self._increments.set_twice(added, values.model_fields_set, change.place):
            raise Rejected(*errors)
        if conditions := self._increments.may_see(self.entity.model, added, change):
            of_row = _has_key(self.entity, key_of(row))
            (seen,) = await change.rows(select(*conditions.values()).where(of_row), change.bound)
            hidden = [name for name, is_seen in zip(conditions, seen, strict=True) if not is_seen]
            if hidden:
                raise Rejected(*self._increments.hidden(hidden, change.place))
        return self._increments.sums(row, added, change, change.place)

    def _check_guards(self, row: object, values: Any, sums: Sums, change: Change) -> None:
        """Raise `Rejected` for values that guards or checks refuse. What a row has already is no change."""
        given = {name: getattr(values, name) for name in self._columns if values.given(name)} | sums
        new = {name: value for name, value in given.items() if value != getattr(row, name)}
        errors: list[UserError] = refused(self.entity.model, new, change.context, change.place)
        whole = {name: getattr(row, name) for name in self._writer.checked_with(new)} | new
        if errors := [*errors, *self._writer.broken(whole, new, change.place)]:
            raise Rejected(*self._increments.placed(errors, change.place, sums, change.place))

    async def _delete(self, values: Named, change: Change) -> str:
        """Delete by a statement of its own: through the session, a lost race would be a warning about a row count."""
        row = await self.found(values, change)
        if self._before_delete is not None:
            await self._before_delete(row, values, change)
        gone, key = global_id(row), key_of(row)
        change.touch(row)
        change.session.expunge(row)
        await self._erase(key, change)
        return gone

    async def _erase(self, key: Key, change: Change) -> None:
        """Delete the row of a key. In a savepoint, for the reason of a refusal is read from the same transaction."""
        try:
            async with change.session.begin_nested():
                await change.session.execute(delete(self.entity.model).where(_has_key(self.entity, key)))
        except IntegrityError:
            raise Rejected(await self._still_referenced(key, change)) from None

    async def _still_referenced(self, key: Key, change: Change) -> StillReferenced:
        table = self._writer.table
        holding = [
            other.name.replace("_", " ")
            for other, refers in references_to(table, key, table.metadata)
            if await change.session.scalar(refers)
        ]
        message = f"This {self.entity.one} still has {_and(holding) or 'something'}; delete or move what it has first."
        return StillReferenced(message, (*change.place, "id"))

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


def _has_key(entity: Entity, key: Key) -> ColumnElement[bool]:
    return and_(*(column == part for column, part in zip(entity.mapper.primary_key, key, strict=True)))


def _set(row: object, name: str, value: object) -> None:
    # To Python, and so to SQLAlchemy, {"a": true} and {"a": 1} are equal: without a flag nothing would be written.
    if isinstance(value, dict | list) and _as_json(value) != _as_json(getattr(row, name)):
        flag_modified(row, name)
    setattr(row, name, value)


def _as_json(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=repr)  # of a decimal


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if names[1:] else "".join(names)
