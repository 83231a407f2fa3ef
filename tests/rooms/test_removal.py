"""Which tests are left out where nouns are taken away: those that import one, however."""

from pathlib import Path

from graph.projects.imports import Tests, counted, imports_of

FILES = {
    "tests/__init__.py": "",
    "tests/asking.py": "from graph.policies import visibility\n",
    "tests/plain.py": "from graph import viewer\n",
    "tests/test_plain.py": "from tests.plain import make\nfrom graph.policies_of_others import x\n",
    "tests/test_through_another.py": "from tests import asking\n",
    "tests/test_late.py": "def test_late() -> None:\n    from db import models\n",
    "tests/http/__init__.py": "",
    "tests/http/conftest.py": "import db.models.post\n",
    "tests/http/client.py": "import httpx\n",
    "tests/http/test_below.py": "import httpx\n",
    "tests/test_beside.py": "from tests.http.client import Client\n",
}


def test_a_file_stands_on_nouns_by_itself_through_another_or_through_a_conftest(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    files = [Path(name) for name in FILES]
    on_nouns = Tests(tmp_path, files, ["db.models", "graph.policies"]).on_nouns
    assert {str(file) for file in on_nouns} == {
        "tests/asking.py",
        "tests/test_through_another.py",
        "tests/test_late.py",
        "tests/http/conftest.py",
        "tests/http/test_below.py",
    }
    assert counted(files, on_nouns) == {"run": 2, "left out": 3}


def test_imports_are_named_by_their_longest_form() -> None:
    assert list(imports_of("import a.b\nfrom c import d, e\n")) == ["a.b", "c.d", "c.e"]
