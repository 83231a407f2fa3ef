"""Declaring an entity: a class whose annotations name what its model has.

    @entity(models.Post, keys=["slug"])
    class Post(Node):
        title: str
        author: User
        tags: Connection[Tag]

Types and nullability are checked against the model when the module is imported; descriptions come from the model's
`doc`. Filters, ordering, aggregates, connections and loaders follow from this alone.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from enum import Enum
from functools import cache
from inspect import cleandoc
from typing import Any, TypeVar, get_origin

from sqlalchemy import Column, String, inspect
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import ColumnProperty, Mapper
from strawberry.scalars import JSON
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from db.relations import Link, link_of
from db.views import has_key
from graph.entity.annotations import Declared, declared_fields, declaring_classes
from graph.entity.fields import (
    ColumnField,
    HybridField,
    IdField,
    ToOneField,
    WholeField,
    describe_enum,
    first_paragraph,
)
from graph.entity.ids import Node, Row
from graph.entity.keys import check_key, check_link
from graph.entity.lists import depth_of, innermost, may_hold_nulls
from graph.entity.made_types import make_type
from graph.entity.names import Named, called, check_apart, check_class_name, check_plural, shown_name
from graph.entity.offset_lists import list_field
from graph.entity.registry import Attribute, Entity, Relation, entity_named, optional, register
from graph.entity.types import TYPES
from graph.errors import DeclarationError, MismatchedType, UnknownAttribute, UnknownNeed
from graph.loading.queries import ListQuery
from graph.prepare.fields import PlannedField
from graph.viewer import Viewer

T = TypeVar("T")


class _Hybrid:
    """The mark that `hybrid` leaves in a declaration."""

    def __init__(self, needs: Sequence[str], name: str | None) -> None:
        self.needs = tuple(needs)
        self.name = name


def hybrid(*, needs: Sequence[str], name: str | None = None) -> Any:
    """A hybrid whose value Python computes from these columns; the database still filters and sorts by its SQL.

    Without this, a hybrid is computed by the database. `name`: as of `named`.
    """
    return _Hybrid(needs, name)


def named(name: str) -> Any:
    """Give an attribute another name in the schema than its own in camel case.

    `writer: User = named("author")` reads `Post.writer` of the model, and clients know it as `author`.
    """
    return Named(name)


def computed(
    *,
    needs: Sequence[str] = (),
    description: str | None = None,
    seen_by: Callable[[Viewer], bool] | None = None,
    name: str | None = None,
) -> Callable[[Callable[..., Any]], Any]:
    """A field with a resolver of its own, which reads these attributes of the row.

    They are fetched when the field is selected, and only then. The docstring is the description. An attribute
    that was not declared raises `ColumnNotLoaded` when it is read. A viewer whom `seen_by` does not let see the values
    gets null, or the error `FORBIDDEN` where the field cannot be null; the resolver is not called. `name`: as of
    `named`.
    """

    def decorate(resolver: Callable[..., Any]) -> Any:
        return _ComputedField(description or cleandoc(resolver.__doc__ or ""), tuple(needs), seen_by, name)(resolver)

    return decorate


class _ComputedField(PlannedField):
    """A planned field with a resolver of Strawberry's kind, which may take arguments and `info`."""

    def __init__(
        self,
        description: str,
        needs: tuple[str, ...],
        seen_by: Callable[[Viewer], bool] | None = None,
        name: str | None = None,
    ) -> None:
        StrawberryField.__init__(self, description=description, graphql_name=name)
        self.needs = needs
        self.seen_by = seen_by

    def __copy__(self) -> "_ComputedField":
        """The field for another class, as Strawberry copies its own."""
        copied = _ComputedField(self.description or "", self.needs, self.seen_by, self.graphql_name)
        copied.directives = self.directives
        if self.base_resolver is not None:
            copied(self.base_resolver)  # Strawberry's way to give a field its resolver
        return copied


def entity(model: type[Any], *, keys: Iterable[str] = (), plural: str | None = None) -> Callable[[type[T]], type[T]]:
    """Declare that a class is the GraphQL type of a model.

    Args:
        model: The mapped class.
        keys: Natural keys, by which one row can be looked up besides its id: `keys=["slug"]` gives `post(slug:)`.
        plural: The name of the list at the root; the table's name if left out.

    Raises `DeclarationError` for annotations that do not fit the model.
    """

    def decorate(cls: type[T]) -> type[T]:
        if not issubclass(cls, Node | Row):
            raise DeclarationError(
                f"{cls.__name__} must be a Node: class {cls.__name__}(Node). Or, where rows have no key, a Row."
            )
        _Declaration(cls, model, tuple(keys), plural).declare()
        return cls

    return decorate


class _Declaration:
    """One class on its way to an entity."""

    def __init__(self, cls: type[Any], model: type[Any], keys: tuple[str, ...], plural: str | None) -> None:
        mapper = inspect(model, raiseerr=False)
        if not isinstance(mapper, Mapper):
            raise DeclarationError(f"{cls.__name__}: {model!r} is not mapped; give @entity one of your models.")
        check_key(cls, mapper, keys)
        self._cls = cls
        self._mapper: Mapper[Any] = mapper
        self._members = {name: value for base in declaring_classes(cls) for name, value in vars(base).items()}
        self._attributes: dict[str, Attribute] = {}
        self._relations: dict[str, Relation] = {}
        self._entity = Entity(
            name=cls.__name__,
            plural=to_camel_case(plural) if plural else _plural(cls.__name__, self._mapper),
            cls=cls,
            model=model,
            mapper=self._mapper,
            natural_keys=keys,
            attributes=self._attributes,
            relations=self._relations,
        )

    def declare(self) -> None:
        """Replace annotations by fields, make the type, and register the entity."""
        fields: dict[str, StrawberryField] = {"id": IdField(self._entity)} if self._entity.key else {}
        for name, declared in declared_fields(self._cls).items():
            if not isinstance(self._members.get(name), StrawberryField):
                fields[name] = self._field(name, declared)
        for name, member in self._members.items():
            if isinstance(member, StrawberryField):
                fields[name] = self._computed(name, member)
        self._check_names(fields)
        for field in fields.values():
            if isinstance(field, PlannedField):
                field.computed_by_database = not all(map(self._is_stored, field.needs))
        self._cls.__annotations__ = {}
        for name in fields:
            if name in self._cls.__dict__:
                delattr(self._cls, name)  # so that the fields stand in the order of the annotations
        self._check_keys()
        make_type(self._cls, first_paragraph(self._cls.__doc__) or self._cls.__name__, fields)
        self._cls.__entity__ = self._entity
        register(self._entity)

    def _field(self, name: str, declared: Declared) -> PlannedField:
        if name == "id" and self._entity.key:
            raise DeclarationError(
                f"{self._cls.__name__}.id is the global id that every Node has; leave it out, "
                'or show the column under another name: @computed(needs=["id"]).'
            )
        self._known(name)
        mark = self._members.get(name)
        shown = shown_name(self._cls.__name__, name, mark.name if isinstance(mark, Named | _Hybrid) else None)
        relationship = self._mapper.relationships.get(name)
        if relationship is not None:
            return called(self._relation(name, shown, declared, link_of(relationship)), shown)
        return called(self._attribute(name, shown, declared), shown)

    def _known(self, name: str) -> None:
        known = self._mapper.all_orm_descriptors.keys()
        if name not in known:
            raise UnknownAttribute(self._cls.__name__, name, self._mapper.class_.__name__, known)

    def _computed(self, name: str, field: StrawberryField) -> StrawberryField:
        if isinstance(field, PlannedField):
            self._check_needs(name, field.needs)
        return field if name in vars(self._cls) else copy(field)

    def _check_needs(self, name: str, needs: Iterable[str]) -> None:
        known = set(self._mapper.all_orm_descriptors.keys()) - set(self._mapper.relationships.keys())
        for need in needs:
            if need not in known:
                raise UnknownNeed(self._cls.__name__, name, need, self._mapper.class_.__name__, known)

    def _check_names(self, fields: Mapping[str, StrawberryField]) -> None:
        cls = self._cls.__name__
        check_class_name(cls)
        check_plural(cls, self._entity.plural)
        check_apart(cls, {name: shown_name(cls, name, field.graphql_name) for name, field in fields.items()})

    def _check_keys(self) -> None:
        named = [attribute.name for attribute in self._attributes.values()]
        for key in self._entity.natural_keys:
            self._known(key)
            if key not in named:
                raise DeclarationError(
                    f"{self._cls.__name__} has {key!r} among its keys, but no column of that name; declare it."
                )
            type_ = next(attribute.type for attribute in self._attributes.values() if attribute.name == key)
            entry = TYPES.of(type_)
            if entry is None or entry.taken is not type_:
                raise DeclarationError(
                    f"{self._cls.__name__} has {key!r} among its keys, whose values are no scalars; leave it out."
                )

    def _attribute(self, name: str, shown: str, declared: Declared) -> PlannedField:
        one = innermost(declared.type)
        if isinstance(one, type) and issubclass(one, Enum):
            describe_enum(one)  # before anything asks Strawberry for it, which would describe nothing
        description = self._describe(name)
        column = self._mapper.column_attrs.get(name)
        if column is not None:
            self._check_column(name, declared, column)
            declared = self._as_held(declared, column)
        compared = self._compared(declared, column)
        self._attributes[shown] = Attribute(name, shown, compared, declared.optional, description, column is not None)
        type_ = TYPES.of(declared.type)
        shown_by = declared.type if type_ is None else type_.shown
        annotation = optional(shown_by) if declared.optional else shown_by
        mark = self._members.get(name)
        if isinstance(mark, _Hybrid):
            self._check_needs(name, mark.needs)
            hybrid_ = self._mapper.all_orm_descriptors[name]
            if not isinstance(hybrid_, hybrid_property):
                raise DeclarationError(f"{self._cls.__name__}.{name} is no hybrid of its model; leave out `hybrid()`.")
            required = [need for need in mark.needs if self._never_null(need)]
            never_null = not declared.optional and len(required) == len(mark.needs)
            return HybridField(
                name, annotation, description, hybrid_, mark.needs, required=required, never_null=never_null
            )
        never_null = not declared.optional and self._never_null(name)
        is_list = get_origin(declared.type) is list
        if is_list or shown_by is not declared.type:
            no_nulls = is_list and not may_hold_nulls(declared.type)
            is_array = is_list and compared is not object and innermost(declared.type) is not JSON
            depth = depth_of(declared.type) if is_array else None  # of documents, nothing tells lists from values
            return WholeField(name, annotation, description, never_null=never_null, no_nulls=no_nulls, depth=depth)
        return ColumnField(
            name, annotation, description, never_null=never_null, most_characters=self._most_characters(name)
        )

    @staticmethod
    def _compared(declared: Declared, column: ColumnProperty[Any] | None) -> object:
        """The type that rows are compared by: lists are compared where a column holds arrays, not inside of JSON."""
        if get_origin(declared.type) is not list or TYPES.is_registered(declared.type):
            return declared.type
        is_array = column is not None and declared.type in TYPES.annotations(column.columns[0].type)
        return declared.type if is_array else object

    def _as_held(self, declared: Declared, column: ColumnProperty[Any]) -> Declared:
        """A declaration that gives no more than the class of a column's values, with the type that the column tells."""
        held = TYPES.of_column(column.columns[0].type)
        is_class = declared.type is held.python and declared.type is not list
        return declared._replace(type=held.annotation) if is_class else declared

    def _is_stored(self, name: str) -> bool:
        """Whether an attribute is a column of a table."""
        column = self._mapper.column_attrs.get(name)
        return column is not None and all(isinstance(part, Column) for part in column.columns)

    def _never_null(self, name: str) -> bool:
        """Whether the database has a value for an attribute of every row."""
        column = self._mapper.column_attrs.get(name)
        return column is not None and all(isinstance(part, Column) and not part.nullable for part in column.columns)

    def _most_characters(self, name: str) -> int | None:
        """The length of a column of texts, where its type is one of SQL and has one: only that is held to."""
        column = self._mapper.column_attrs.get(name)
        stored = None if column is None else column.columns[0]
        type_ = stored.type if isinstance(stored, Column) else None
        return type_.length if isinstance(type_, String) else None

    def _check_column(self, name: str, declared: Declared, column: ColumnProperty[Any]) -> None:
        # An expression does not tell whether it is ever null; the declaration does.
        nullable = any(bool(part.nullable) for part in column.columns if isinstance(part, Column))
        type_ = column.columns[0].type
        fits = TYPES.annotations(type_)
        is_document = fits == (JSON,) and get_origin(declared.type) is list
        mismatch = fits and declared.type not in fits and self._as_held(declared, column) is declared
        mismatch = mismatch and not is_document
        if mismatch or (nullable and not declared.optional):
            expected = " or ".join(getattr(type_, "__name__", str(type_)) for type_ in fits) or "object"
            raise MismatchedType(
                self._cls.__name__, name, str(declared), f"{expected} | None" if nullable else expected
            )
        if fits and TYPES.of(declared.type) is None:
            raise DeclarationError(
                f"{self._cls.__name__}.{name}: GraphQL has no form for {declared.name}; "
                f"show the column as something else: @computed(needs=[{name!r}])."
            )
        if not fits and isinstance(column.columns[0], Column):
            raise DeclarationError(
                f"{self._cls.__name__}.{name}: the table of types has no entry for the column's type, {type_!r}; "
                f"call register_type for it, or show the column as something else: @computed(needs=[{name!r}])."
            )

    def _relation(self, name: str, shown: str, declared: Declared, link: Link) -> PlannedField:
        if declared.many is not link.to_many or (link.nullable and not link.to_many and not declared.optional):
            actual = f"Connection[{link.target.class_.__name__}]" if link.to_many else link.target.class_.__name__
            actual += " | None" if link.nullable and not link.to_many else ""
            raise MismatchedType(self._cls.__name__, name, str(declared), actual)
        check_link(self._cls, name, link)
        description = self._describe(name)
        registry = self._mapper.registry

        @cache
        def target() -> Entity:
            found = entity_named(declared.name, registry)
            if not link.target.isa(found.mapper):
                raise MismatchedType(self._cls.__name__, name, declared.name, link.target.class_.__name__)
            return found

        self._relations[shown] = Relation(name, shown, link, target, declared.optional, description)
        if not link.to_many:
            return ToOneField(name, description, link, target, nullable=declared.optional)
        listing = ListQuery(link.target, link.children, link)
        keyed = has_key(link.target)
        return list_field(name, description, target, lambda _arguments: listing, link.key, keyed=keyed)

    def _describe(self, name: str) -> str:
        descriptor = self._mapper.all_orm_descriptors[name]
        documented = (
            descriptor.fget.__doc__ if isinstance(descriptor, hybrid_property) else self._mapper.attrs[name].doc
        )
        return cleandoc(documented) if documented else f"The {name.replace('_', ' ')} of the {self._entity.one}."


def _plural(name: str, mapper: Mapper[Any]) -> str:
    """The table's name, unless that is the name of one row, or of another entity's table."""
    table = str(getattr(mapper.local_table, "name", name))
    camel = to_camel_case(table.lower() if table.isupper() else table)
    if mapper.single or camel.lower() == name.lower():
        camel = re.sub(r"(?<=[^aeiou])y$", "ie", name)
        camel += "es" if re.search(r"(s|x|z|ch|sh)$", camel) else "s"
    return f"{camel[0].lower()}{camel[1:]}"
