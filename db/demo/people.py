"""People of the demo: twenty at scale 1, each block of twenty with the same mix.

In a block, 1 to 12 write, 1 to 15 hold accounts, 20 has left. The first person of all is the administrator.
All have the same password, so that everybody's view can be tried.
"""

from collections.abc import Iterator

from db.demo.dice import Row, days_ago

BLOCK = 20
WRITERS = 12
ACCOUNT_HOLDERS = 15

ROLES = ("admin", "editor", "author", "member")

FIRST_NAMES = (
    ("Ada", "ada"), ("Bjørn", "bjorn"), ("Chidi", "chidi"), ("Dóra", "dora"), ("Emre", "emre"), ("Fatima", "fatima"),
    ("Grace", "grace"), ("Hiroshi", "hiroshi"), ("Inés", "ines"), ("João", "joao"), ("Katarína", "katarina"),
    ("Łukasz", "lukasz"), ("Maeve", "maeve"), ("Nguyệt", "nguyet"), ("Ольга", "olga"), ("Pádraig", "padraig"),
    ("Renée", "renee"), ("Sigrún", "sigrun"), ("Tomáš", "tomas"), ("Zoë", "zoe"),
)  # fmt: skip
LAST_NAMES = (
    ("Ashworth", "ashworth"), ("Berg", "berg"), ("Okafor", "okafor"), ("Kovács", "kovacs"), ("Şahin", "sahin"),
    ("Haddad", "haddad"), ("O'Malley", "omalley"), ("Tanaka", "tanaka"), ("Muñoz", "munoz"), ("Conceição", "conceicao"),
    ("Nováková", "novakova"), ("Wójcik", "wojcik"), ("Byrne", "byrne"), ("Trần", "tran"), ("Петрова", "petrova"),
    ("Ó Briain", "obriain"), ("Lefèvre", "lefevre"), ("Jónsdóttir", "jonsdottir"), ("Šimek", "simek"),
    ("Lindqvist", "lindqvist"),
)  # fmt: skip


PASSWORD = "trellis demo"
HASHED_PASSWORD = "$argon2id$v=19$m=19456,t=2,p=1$0HgE3AZqxKqsXD9ci2NfeA$Fk+xUH0YWnPfvN/F1HT1I5B3bffsvf2qMSGEr3fVwmE"
"""Hashed once, here, because a new salt each time would make other rows each time."""

ADMIN_EMAIL = "ada.ashworth@example.org"
EDITOR_EMAIL = "bjorn.berg@example.org"


def user_count(scale: int) -> int:
    """How many users there are."""
    return BLOCK * scale


def writers(scale: int) -> list[int]:
    """The numbers of users who write, in order."""
    return [number for number in range(1, user_count(scale) + 1) if _place(number) <= WRITERS]


def account_holders(scale: int) -> list[int]:
    """The numbers of users who hold accounts, in order."""
    return [number for number in range(1, user_count(scale) + 1) if _place(number) <= ACCOUNT_HOLDERS]


def users(scale: int) -> Iterator[Row]:
    """Everybody. Beyond 400 people, names come again; addresses never do."""
    for number in range(1, user_count(scale) + 1):
        block, index = divmod(number - 1, BLOCK)
        first, last = FIRST_NAMES[index], LAST_NAMES[(index + 7 * block) % len(LAST_NAMES)]
        joined = days_ago(900 - 20 * (index // 2) - block / scale)  # two people join on the same day
        yield {
            "id": number,
            "email": f"{first[1]}.{last[1]}{f'.{number}' if block else ''}@example.org",
            "name": f"{first[0]} {last[0]}",
            "hashed_password": HASHED_PASSWORD,
            "is_active": _place(number) != BLOCK,
            "created_at": joined,
            "updated_at": joined,
        }


def roles() -> Iterator[Row]:
    """The roles that Trellis knows."""
    for number, name in enumerate(ROLES, 1):
        yield {"id": number, "name": name}


def roles_of(number: int) -> list[str]:
    """What a user may do: everybody is a member."""
    return [
        role
        for role, has in (
            ("admin", number == 1),
            ("editor", _place(number) in (2, 3)),
            ("author", _place(number) <= WRITERS),
            ("member", True),
        )
        if has
    ]


def _place(number: int) -> int:
    """Where a user stands in the block, from 1."""
    return (number - 1) % BLOCK + 1
