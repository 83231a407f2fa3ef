"""What foreign keys become: relations, their names, and the tables between that are not shown."""

import pytest

from db.reflection import Chosen
from tests.databases import Database
from tests.db.reflection.databases import attribute, model, names, planned, relations

BLOG = """
CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, boss_id integer REFERENCES users (id))

CREATE TABLE posts (id integer PRIMARY KEY, author_id integer NOT NULL REFERENCES users (id),
    reviewer_id integer REFERENCES users (id), title text NOT NULL)

CREATE TABLE profiles (user_id integer PRIMARY KEY REFERENCES users (id), about text)

CREATE TABLE tags (id integer PRIMARY KEY, name text NOT NULL UNIQUE)

CREATE TABLE post_tags (post_id integer NOT NULL REFERENCES posts (id), tag_id integer NOT NULL REFERENCES tags (id),
    PRIMARY KEY (post_id, tag_id))

CREATE TABLE post_readers (post_id integer NOT NULL REFERENCES posts (id), reader_id integer NOT NULL
    REFERENCES users (id), minutes integer, PRIMARY KEY (post_id, reader_id))

CREATE TABLE comments (id integer PRIMARY KEY, parent_id integer REFERENCES comments (id),
    post integer NOT NULL REFERENCES posts (id))

CREATE TABLE friends (user_id integer NOT NULL REFERENCES users (id), friend_id integer NOT NULL
    REFERENCES users (id), PRIMARY KEY (user_id, friend_id))
"""


async def test_relations_have_the_names_that_people_expect(blank_database: Database) -> None:
    plan = await planned(blank_database, BLOG)
    holds = "" if blank_database.dialect == "postgresql" else "?"  # SQLite holds to no foreign key unless asked to
    assert [each.class_name for each in plan.models] == ["Comment", "Post", "PostReader", "Profile", "Tag", "User"]
    assert relations(model(plan, "Post")) == [
        f"author: User{holds}",
        "comments: [Comment]",
        "post_readers: [PostReader]",
        "reviewer: User?",
        "tags: [Tag]",
    ]
    assert relations(model(plan, "User")) == [
        "boss: User?",
        "friends: [User]",
        "post_readers: [PostReader]",
        "posts_by_author: [Post]",
        "posts_by_reviewer: [Post]",
        "profile: Profile?",
        "users: [User]",
        "users_by_boss: [User]",
    ]
    assert relations(model(plan, "Comment")) == ["children: [Comment]", "parent: Comment?", f"post_row: Post{holds}"]
    assert relations(model(plan, "Profile")) == [f"user: User{holds}"]
    assert relations(model(plan, "PostReader")) == [f"post: Post{holds}", f"reader: User{holds}"]
    assert relations(model(plan, "Tag")) == ["posts: [Post]"]


async def test_each_relation_is_a_guess_and_knows_what_leads_back(blank_database: Database) -> None:
    plan = await planned(blank_database, BLOG)
    guessed = {guess.what for guess in plan.guesses}
    for each in plan.models:
        for relation in each.relations:
            assert f"relation {each.table.name}.{relation.name}" in guessed
            assert relation.back_populates is not None
            (back,) = [r for r in model(plan, relation.target).relations if r.name == relation.back_populates]
            assert (back.target, back.back_populates) == (each.class_name, relation.name)


async def test_composite_keys_make_one_relation(blank_database: Database) -> None:
    plan = await planned(
        blank_database,
        """
        CREATE TABLE people (tenant integer NOT NULL, number integer NOT NULL, PRIMARY KEY (tenant, number))

        CREATE TABLE letters (id integer PRIMARY KEY, tenant integer NOT NULL, sender_number integer,
            FOREIGN KEY (tenant, sender_number) REFERENCES people (tenant, number))
        """,
    )
    letter = model(plan, "Letter")
    assert relations(letter) == ["sender: Person?"]
    assert relations(model(plan, "Person")) == ["letters: [Letter]"]
    assert not any(each.in_key for each in letter.attributes if each.name != "id")


async def test_rows_without_a_key_have_relations_in_both_directions(blank_database: Database) -> None:
    plan = await planned(
        blank_database,
        """
        CREATE TABLE users (id integer PRIMARY KEY)

        CREATE TABLE visits (user_id integer REFERENCES users)
        """,
    )
    assert relations(model(plan, "Visit")) == ["user: User?"]
    assert relations(model(plan, "User")) == ["visits: [Visit]"]
    assert "key of table visits" in {guess.what for guess in plan.guesses}


async def test_columns_without_an_ending_keep_their_names(blank_database: Database) -> None:
    plan = await planned(
        blank_database,
        """
        CREATE TABLE "Customer" ("CustomerId" integer PRIMARY KEY)

        CREATE TABLE "Invoice" ("InvoiceId" integer PRIMARY KEY, "CustomerId" integer REFERENCES "Customer"
            ("CustomerId"), "billingcustomerid" integer REFERENCES "Customer" ("CustomerId"), "payer" integer REFERENCES
            "Customer" ("CustomerId"), "id_owner" integer REFERENCES "Customer" ("CustomerId"))
        """,
    )
    invoice = model(plan, "Invoice")
    assert relations(invoice) == [
        "billingcustomer: Customer?",
        "customer: Customer?",
        "owner: Customer?",
        "payer_customer: Customer?",
    ]
    assert ("payer", "payer", "payer") in names(invoice)
    assert model(plan, "Customer").plural == "customers"


async def test_ids_that_are_written_together_are_endings_where_the_database_has_them_so(
    blank_database: Database,
) -> None:
    plan = await planned(
        blank_database,
        """
        CREATE TABLE product (productid integer PRIMARY KEY)

        CREATE TABLE parts (partid integer PRIMARY KEY, assemblyid integer REFERENCES product (productid),
            componentid integer REFERENCES product (productid), paid integer REFERENCES product (productid))
        """,
    )
    assert relations(model(plan, "Part")) == ["assembly: Product?", "component: Product?", "paid_product: Product?"]


async def test_who_leads_out_of_what_was_chosen_is_left_out_by_name(blank_database: Database) -> None:
    plan = await planned(blank_database, BLOG, Chosen(without=["user*", "friends"]))
    assert [each.class_name for each in plan.models] == ["Comment", "Post", "PostReader", "Profile", "Tag"]
    assert {each.what for each in plan.left_out} >= {
        "foreign key posts (author_id)",
        "foreign key posts (reviewer_id)",
        "foreign key profiles (user_id)",
    }
    assert attribute(model(plan, "Post"), "author_id").name == "author_id"


@pytest.mark.parametrize(("only", "found"), [("post*", 3), ("*.tags", 1), ("main.tags", None), ("t?gs", 0)])
async def test_patterns_choose(blank_database: Database, only: str, found: int | None) -> None:
    plan = await planned(blank_database, BLOG, Chosen(only=[only]))
    expected = int(blank_database.dialect == "sqlite") if found is None else found
    assert len(plan.models) == expected


@pytest.mark.postgresql
async def test_a_column_that_is_called_like_the_targets_key_says_only_which_table_is_meant(
    blank_database: Database,
) -> None:
    plan = await planned(
        blank_database,
        """
        CREATE SCHEMA hr

        CREATE TABLE entity (entityid integer PRIMARY KEY)

        CREATE TABLE employees (employee_id integer PRIMARY KEY, reports_to integer REFERENCES employees)

        CREATE TABLE hr.employee (entityid integer PRIMARY KEY REFERENCES entity)

        CREATE TABLE hr.history (entityid integer REFERENCES hr.employee, at date, PRIMARY KEY (entityid, at))

        CREATE TABLE staff (id integer PRIMARY KEY, shop_id integer)

        CREATE TABLE shops (id integer PRIMARY KEY, chief_id integer UNIQUE REFERENCES staff)

        ALTER TABLE staff ADD FOREIGN KEY (shop_id) REFERENCES shops
        """,
        Chosen(schemas=["public", "hr"]),
    )
    assert relations(model(plan, "Employee")) == [
        "employees_by_reports_to: [Employee]",
        "reports_to_employee: Employee?",
    ]
    # The class has its schema before it; a relation leads to one table only, and does not need it.
    assert relations(model(plan, "HrEmployee")) == ["entity: Entity", "histories: [History]"]
    assert relations(model(plan, "History")) == ["employee: HrEmployee"]
    assert relations(model(plan, "Staff")) == ["shop: Shop?", "shop_by_chief: Shop?"]
    assert relations(model(plan, "Shop")) == ["chief: Staff?", "staff: [Staff]"]
