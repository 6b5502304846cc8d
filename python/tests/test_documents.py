"""What the documentation shows."""

import doctest
import importlib
import pathlib
import pkgutil

import pytest

import sirenc

ROOT = pathlib.Path(__file__).parents[1]
MODULES = ["sirenc"] + [f"sirenc.{it.name}" for it in pkgutil.iter_modules(sirenc.__path__) if it.name not in ("_native", "ray")]


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name):
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0


def test_readme(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert results.failed == 0 and results.attempted > 0


def test_everything_public_is_documented():
    for name in sirenc.__all__:
        thing = getattr(sirenc, name)
        if getattr(thing, "__module__", "").startswith("sirenc"):
            assert thing.__doc__, name
            for part, member in vars(thing).items() if isinstance(thing, type) else ():
                if not part.startswith("_") and (callable(member) or isinstance(member, (property, classmethod))):
                    assert member.__doc__, f"{name}.{part}"
