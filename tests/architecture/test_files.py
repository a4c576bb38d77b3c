"""Every file is written by ``core/files.py``, and text is UTF-8 whatever the locale: found in the source as trees."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "scalelaw"
WRITER = PACKAGE / "core" / "files.py"
DAMAGES = {PACKAGE / "testing" / "importer_checks.py"}
"""Files that write scratch copies in part, on purpose."""
MOVES = {"replace", "rename", "renames", "link", "symlink", "fdopen", "open", "mkfifo", "truncate"}
ARCHIVE = "packed"
"""What an open zip archive is called; its members are no files."""
PROCESSES = {"Popen", "run", "check_output", "check_call", "call"}
WRITES = {"write_text", "write_bytes", "save_file", "NamedTemporaryFile", "mkstemp", "savez", "savez_compressed"}


def _name(node: ast.expr) -> tuple[str, str]:
    """Return what a call is made on, and what is called."""
    if isinstance(node, ast.Name):
        return "", node.id
    if isinstance(node, ast.Attribute):
        return (node.value.id if isinstance(node.value, ast.Name) else "?"), node.attr
    return "?", "?"


def _mode(call: ast.Call, place: int) -> str | None:
    """Return the mode of an ``open``, None where the source does not say which."""
    found = [each.value for each in call.keywords if each.arg == "mode"] + call.args[place : place + 1]
    if not found:
        return "r"
    mode = found[0]
    return mode.value if isinstance(mode, ast.Constant) and isinstance(mode.value, str) else None


def _fault(call: ast.Call) -> str | None:
    """Return what is wrong with a call, None where nothing is."""
    on, name = _name(call.func)
    given = {each.arg for each in call.keywords}
    if name in WRITES or (on == "os" and name in MOVES):
        return f"{name} writes: use scalelaw.core.files"
    if name in PROCESSES and given & {"text", "universal_newlines"} and "encoding" not in given:
        return f"{name} takes text in the encoding of the locale"
    if name == "read_text" and not call.args and "encoding" not in given:
        return "read_text takes the encoding of the locale"
    if name == "open" and on != ARCHIVE:
        mode = _mode(call, 0 if on else 1)
        if mode is None or set(mode) & set("wax+"):
            return "open writes: use scalelaw.core.files"
        if "b" not in mode and "encoding" not in given:
            return "open takes the encoding of the locale"
    return None


def _faults(tree: ast.Module) -> list[str]:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [f"{call.lineno}: {fault}" for call in calls if (fault := _fault(call))]


def test_only_one_file_writes_files(trees: dict[Path, ast.Module]) -> None:
    source = [path for path in trees if path.is_relative_to(PACKAGE) and path not in {WRITER, *DAMAGES}]
    assert len(source) > 100
    assert not [f"{path.relative_to(ROOT)}:{fault}" for path in source for fault in _faults(trees[path])]


def test_the_exceptions_are_there_and_needed(trees: dict[Path, ast.Module]) -> None:
    for path in (WRITER, *DAMAGES):
        assert _faults(trees[path]), f"{path.name} writes nothing itself any more: take it off the list"


@pytest.mark.parametrize(
    "line",
    [
        "path.write_text(text, encoding='utf-8')",
        "(folder / 'x').write_bytes(b'')",
        "open(path, 'w', encoding='utf-8')",
        "path.open('ab')",
        "path.open(mode='x')",
        "path.open('rb+')",
        "open(path, how)",
        "open(path)",
        "path.open()",
        "path.read_text()",
        "os.open(path, flags)",
        "os.replace(a, b)",
        "subprocess.run(command, text=True)",
        "safetensors.torch.save_file(state, path)",
    ],
)
def test_the_search_finds_each_way_to_write_past_it(line: str) -> None:
    assert _faults(ast.parse(line))


@pytest.mark.parametrize(
    "line",
    [
        "path.open('rb')",
        "open(path, 'rb')",
        "path.open(encoding='utf-8')",
        "path.read_text('utf-8')",
        "path.read_text(encoding='utf-8-sig')",
        "write_whole(path, text)",
        "packed.open(member, 'w', force_zip64=True)",
        "subprocess.run(command, encoding='utf-8')",
    ],
)
def test_the_search_lets_pass_what_is_right(line: str) -> None:
    assert not _faults(ast.parse(line))
