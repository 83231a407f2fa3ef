"""Access tokens: what we signed is believed while it lives, and nothing else ever is."""

import base64
import hashlib
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from pydantic import SecretStr, ValidationError

from db.base import utcnow
from graph.auth import tokens as module
from graph.auth.key_file import kept_key
from graph.auth.tokens import LEEWAY_S, Claims, Tokens
from graph.errors import NoKey
from graph.settings import Settings
from tests.auth.conftest import Clock

ONE, OTHER = "one key, which is of more than 32 characters", "other key, which is of more than 32 characters"
SIGN_IN = uuid.UUID(int=7)


def make_tokens(*keys: str, **settings: Any) -> Tokens:
    return Tokens(Settings(token_keys=tuple(map(SecretStr, keys)), **settings))


def kid(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def claims(**changed: Any) -> dict[str, Any]:
    """What a good token says, with changes; None leaves a claim out."""
    now = int(utcnow().timestamp())
    good = {"iss": "trellis", "aud": "trellis", "sub": "42", "sid": str(SIGN_IN), "iat": now, "exp": now + 60}
    return {name: value for name, value in (good | changed).items() if value is not None}


def signed(key: str = ONE, algorithm: str = "HS256", headers: dict[str, Any] | None = None, **changed: Any) -> str:
    body = json.dumps(claims(**changed)).encode()
    return jwt.PyJWS().encode(body, key, algorithm, headers={"kid": kid(ONE)} | (headers or {}))


def unsigned(header: dict[str, Any], signature: str = "") -> str:
    def part(of: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(of).encode()).decode().rstrip("=")

    return f"{part(header)}.{part(claims())}.{signature}"


def test_what_was_issued_is_read() -> None:
    tokens = make_tokens(ONE, access_token_s=60)
    before = utcnow()
    token = tokens.issue(42, SIGN_IN)
    assert tokens.read(token.text) == Claims(42, SIGN_IN)
    assert timedelta(seconds=58) < token.expires_at - before < timedelta(seconds=62)


def test_a_token_says_no_more_than_it_must() -> None:
    said = jwt.decode(make_tokens(ONE).issue(42, SIGN_IN).text, ONE, ["HS256"], audience="trellis")
    assert said.keys() == {"iss", "aud", "sub", "sid", "iat", "exp"}
    assert said["exp"] - said["iat"] == 900


def test_what_this_file_signs_is_what_the_server_would_believe() -> None:
    assert make_tokens(ONE).read(signed()) == Claims(42, SIGN_IN)  # so that the refusals below are for their own reason


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid", "iat", "exp"])
def test_a_token_that_lacks_a_claim_is_refused(claim: str) -> None:
    lacking: dict[str, Any] = {claim: None}
    assert make_tokens(ONE).read(signed(**lacking)) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "somebody"},
        {"iss": ["trellis"]},
        {"aud": "somebody"},
        {"aud": ["trellis", "somebody"]},
        {"sub": "ada"},
        {"sub": ""},
        {"sid": "7"},
        {"sid": 7},
        {"exp": "soon"},
        {"exp": 2**70, "sub": "1" * 5000},
        {"iat": "now"},
        {"nbf": 2**40},
    ],
    ids=str,
)
def test_a_token_that_says_something_else_is_refused(changed: dict[str, Any]) -> None:
    assert make_tokens(ONE).read(signed(**changed)) is None


def test_a_token_ends() -> None:
    tokens = make_tokens(ONE)
    now = int(utcnow().timestamp())
    assert tokens.read(signed(exp=now - 2)) is None
    assert tokens.read(signed(exp=now + 60)) is not None
    assert tokens.read(signed(iat=now + LEEWAY_S - 5)) is not None  # another server's clock may be ahead
    assert tokens.read(signed(iat=now + LEEWAY_S + 60)) is None


def test_a_token_ends_though_it_was_read_before(clock: Clock) -> None:
    tokens = make_tokens(ONE)
    ends_soon = signed(exp=int(time.time()) + 60)
    assert tokens.read(ends_soon) is not None
    clock.move(61)
    assert tokens.read(ends_soon) is None


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_REMEMBERED", 10)
    tokens = make_tokens(ONE)
    for number in range(100):
        assert tokens.read(tokens.issue(number, SIGN_IN).text) == Claims(number, SIGN_IN)
        assert tokens.read(f"nonsense {number}") is None
    assert len(tokens._verified) <= 10  # noqa: SLF001 - its size is what the claim is about


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", ["", "AAAA"])
def test_a_token_that_nobody_signed_is_refused(algorithm: str, signature: str) -> None:
    assert make_tokens(ONE).read(unsigned({"alg": algorithm, "kid": kid(ONE)}, signature)) is None


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_token_of_another_algorithm_is_refused_though_the_key_is_ours(algorithm: str) -> None:
    assert make_tokens(ONE).read(signed(algorithm=algorithm)) is None


def test_a_token_of_another_key_is_refused_whatever_it_calls_the_key() -> None:
    tokens = make_tokens(ONE)
    assert tokens.read(signed(OTHER)) is None
    assert tokens.read(signed(OTHER, headers={"kid": kid(OTHER)})) is None
    assert tokens.read(signed(headers={"kid": "nonsense"})) is None
    assert tokens.read(jwt.encode(claims(), ONE, "HS256")) is None  # no name at all


@pytest.mark.parametrize("critical", [["exp"], ["b64"], ["x"], [], "x"])
def test_a_token_that_asks_for_what_we_do_not_know_is_refused(critical: Any) -> None:
    text = signed(headers={"crit": critical, "b64": True, "x": 1})
    assert make_tokens(ONE).read(text) is None


def test_a_token_that_was_changed_is_refused() -> None:
    tokens = make_tokens(ONE)
    header, payload, signature = signed().split(".")
    _, others, _ = signed(sub="1").split(".")
    assert tokens.read(f"{header}.{others}.{signature}") is None
    assert tokens.read(f"{header}.{payload}.{signature[:-2]}") is None
    assert tokens.read(f"{header}.{payload}.") is None


def nested(depth: int) -> str:
    return base64.urlsafe_b64encode(b"[" * depth).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "...", "a.b.c", "é.é.é", "\ud800", "\0", "trellis", nested(1400) + ".e30.x", "W10.e30.x", "MQ.MQ."],
    ids=ascii,
)
def test_what_is_no_token_is_refused(text: str) -> None:
    assert make_tokens(ONE).read(text) is None


def test_a_text_of_megabytes_is_refused_unread() -> None:
    text = signed(headers={"x": "x" * 3000})
    assert jwt.decode(text, ONE, ["HS256"], audience="trellis")
    assert make_tokens(ONE).read(text) is None
    assert make_tokens(ONE).read("." * 10_000_000) is None


def test_keys_can_be_changed_while_tokens_live() -> None:
    old = make_tokens(ONE).issue(42, SIGN_IN).text
    both = make_tokens(OTHER, ONE)
    assert both.read(old) == Claims(42, SIGN_IN)
    new = both.issue(42, SIGN_IN).text
    assert make_tokens(OTHER).read(new) == Claims(42, SIGN_IN)
    assert make_tokens(OTHER).read(old) is None  # the old key was taken away
    assert make_tokens(ONE).read(new) is None


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_TOKEN_KEYS", f"{ONE.replace(',', '')}-, {OTHER.replace(',', '')}-")
    first, second = Settings().token_keys
    assert first.get_secret_value().startswith("one key")
    assert second.get_secret_value().startswith("other key")


def test_a_short_key_is_refused_with_the_cure_and_without_the_key() -> None:
    with pytest.raises(ValidationError, match="make one with `openssl rand -base64 48`") as refused:
        make_tokens(ONE, "hunter2")
    assert "hunter2" not in str(refused.value)


def test_without_keys_one_is_made_once_and_only_we_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "var" / "token.key"
    token = Tokens(Settings(), file).issue(42, SIGN_IN)
    assert Tokens(Settings(), file).read(token.text) == Claims(42, SIGN_IN)
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(file.read_text().strip()) == 64
    assert list(file.parent.iterdir()) == [file]


def test_no_file_is_made_where_there_are_keys_or_nobody_needs_one(tmp_path: Path) -> None:
    Tokens(Settings(token_keys=(SecretStr(ONE),)), tmp_path / "token.key").issue(42, SIGN_IN)
    Tokens(Settings(), tmp_path / "token.key")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_processes_that_start_at_once_agree_on_a_key(tmp_path: Path) -> None:
    file = tmp_path / "var" / "token.key"
    code = f"from pathlib import Path; from graph.auth.key_file import kept_key; print(kept_key(Path({str(file)!r})))"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(4)]
    keys = {process.communicate(timeout=120)[0].strip() for process in running}
    assert keys == {file.read_bytes().strip()}
    assert list(file.parent.iterdir()) == [file]


def a_folder(file: Path) -> None:
    file.mkdir()


def an_empty_file(file: Path) -> None:
    file.touch()


def no_text(file: Path) -> None:
    file.write_bytes(b"\xff" * 64)


def a_file_as_its_folder(file: Path) -> None:
    file.parent.rmdir()
    file.parent.touch()


@pytest.mark.parametrize("broken", [a_folder, an_empty_file, no_text, a_file_as_its_folder])
def test_a_file_that_cannot_be_used_is_told_with_the_cure(tmp_path: Path, broken: Callable[[Path], None]) -> None:
    file = tmp_path / "var" / "token.key"
    file.parent.mkdir()
    broken(file)
    with pytest.raises(NoKey, match=r"token\.key, which signs access tokens, cannot be used: .*TRELLIS_TOKEN_KEYS"):
        kept_key(file)


def test_nothing_of_a_key_or_a_token_is_in_a_repr() -> None:
    settings = Settings(token_keys=(SecretStr(ONE),))
    token = Tokens(settings).issue(42, SIGN_IN)
    assert token.text not in repr(token)
    assert ONE not in repr(settings) + repr(Tokens(settings)) + str(settings)


def test_a_key_that_cannot_be_kept_is_found_before_anybody_signs_in(tmp_path: Path) -> None:
    with pytest.raises(NoKey, match="Is a directory"):
        Tokens(Settings(), tmp_path).check()
    Tokens(Settings(), tmp_path / "token.key").check()
    assert kept_key(tmp_path / "token.key")
    Tokens(Settings(token_keys=(SecretStr("k" * 32),)), tmp_path).check()
