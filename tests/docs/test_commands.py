"""The documentation names every command, law and finding, and each command and option has help."""

import re
from pathlib import Path

import api_pages
import pytest
import reference_pages

from scalelaw import laws

DOCS = Path(__file__).parents[2] / "docs"
FOLDERS = (".", "tutorial", "how-to", "reference")
WRITTEN = [DOCS.parent / "README.md", *(page for folder in FOLDERS for page in (DOCS / folder).glob("*.md"))]


@pytest.mark.parametrize("name", reference_pages.commands())
def test_a_command_is_explained(name: str) -> None:
    command = reference_pages.commands()[name]
    assert command.help, f"scalelaw {name} has no help"
    silent = [option.name for option in command.params if not getattr(option, "help", None)]
    assert not silent, f"scalelaw {name}: no help for {', '.join(silent)}"
    assert any(f"scalelaw {name}" in page.read_text() for page in WRITTEN), "no page shows it"


@pytest.mark.parametrize("name", laws.names())
def test_a_law_is_on_the_page_of_laws(name: str) -> None:
    assert f"\n## {name}\n" in reference_pages.laws_page()
    assert laws.get(name).cite, "a law says where it comes from"


@pytest.mark.parametrize("name", reference_pages.PAGES)
def test_every_page_of_the_reference_is_in_the_documentation(name: str) -> None:
    assert f"../generated/{name}.md" in (DOCS / "reference" / "index.md").read_text()


def test_a_finding_is_on_the_page_of_findings() -> None:
    page = reference_pages.findings_page()
    sources = (path.read_text() for path in reference_pages.SOURCE.rglob("*.py"))
    codes = {code for text in sources for code in re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', text)} - {"NO_COLOR"}
    families = {code.partition("_")[0] for code in re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", page)}
    missing = sorted(code for code in codes if f"`{code}`" not in page and code.partition("_")[0] in families)
    assert not missing, "add a line `CODE  grade  when` to the docstring of the module"


@pytest.mark.parametrize("path", api_pages.public())
def test_a_public_name_is_on_one_page_of_the_python_reference(path: str) -> None:
    pages = [api_pages.page(topic) for topic in api_pages.TOPICS]
    assert sum(f":: {path}\n" in page for page in pages) == 1
    item = api_pages.public()[path]
    assert item.__doc__ or not callable(item)


def test_each_command_has_its_help_and_a_guide() -> None:
    page = reference_pages.commands_page()
    for name in reference_pages.commands():
        section = page.partition(f"### scalelaw {name}\n")[2].partition("###")[0]
        assert f"Usage: scalelaw {name}" in section
        assert reference_pages.how_to(name), f"no guide shows scalelaw {name}"
