"""Every file is written by ``core/files.py`` and read by ``core/reading.py``: found in the source as trees."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "scalelaw"
WRITER, READER = PACKAGE / "core" / "files.py", PACKAGE / "core" / "reading.py"
ALLOWED = {
    PACKAGE / "testing" / "importer_checks.py",  # damages scratch copies on purpose
    PACKAGE / "testing" / "reader_checks.py",  # so does this
    PACKAGE / "core" / "digest.py",  # reads the source of the package
    PACKAGE / "datasets" / "shipped.py",  # reads what is shipped inside the package
    PACKAGE / "forecasting" / "calibration.py",  # so does this
}
MOVES = {"replace", "rename", "renames", "link", "symlink", "fdopen", "open", "mkfifo", "truncate"}
SHEET = PACKAGE / "core" / "nouns" / "spreadsheet.py"
ARCHIVE = "packed"
"""What an open zip archive is called; its members are no files."""
READS = {"read_text", "read_bytes", "fromfile", "loadtxt", "genfromtxt", "copyfile", "copy2", "readlines"}
PROCESSES = {"Popen", "run", "check_output", "check_call", "call"}
WRITES = {"write_text", "write_bytes", "save_file", "NamedTemporaryFile", "mkstemp", "savez", "savez_compressed"}


def _name(node: ast.expr) -> tuple[str, str]:
    """Return what a call is made on, and what is called."""
    if isinstance(node, ast.Name):
        return "", node.id
    if isinstance(node, ast.Attribute):
        return (node.value.id if isinstance(node.value, ast.Name) else "?"), node.attr
    return "?", "?"


def _fault(call: ast.Call) -> str | None:
    """Return what is wrong with a call, None where nothing is."""
    on, name = _name(call.func)
    given = {each.arg for each in call.keywords}
    if name in WRITES or (on == "os" and name in MOVES):
        return f"{name} writes: use scalelaw.core.files"
    if name in PROCESSES and given & {"text", "universal_newlines"} and "encoding" not in given:
        return f"{name} takes text in the encoding of the locale"
    if on and name in READS:
        return f"{name} reads whatever is there, however long: use scalelaw.core.reading"
    if name == "open" and on != ARCHIVE:
        return "open writes, or reads whatever is there: use scalelaw.core.files or scalelaw.core.reading"
    return None


def _faults(tree: ast.Module) -> list[str]:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [f"{call.lineno}: {fault}" for call in calls if (fault := _fault(call))]


def test_one_file_writes_files_and_one_reads_them(trees: dict[Path, ast.Module]) -> None:
    source = [path for path in trees if path.is_relative_to(PACKAGE) and path not in {WRITER, READER, *ALLOWED}]
    assert len(source) > 100
    assert not [f"{path.relative_to(ROOT)}:{fault}" for path in source for fault in _faults(trees[path])]


def _writes_csv(tree: ast.Module) -> list[int]:
    calls = [(node.lineno, *_name(node.func)) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        line
        for line, on, name in calls
        if name in ("write_csv", "to_csv", "DictWriter", "sink_csv") or (name == "writer" and on in ("", "csv"))
    ]


def test_one_file_writes_csv_and_guards_formulas(trees: dict[Path, ast.Module]) -> None:
    source = {path for path in trees if path.is_relative_to(PACKAGE)}
    assert _writes_csv(trees[SHEET])
    assert not [f"{path}:{line}" for path in source - {SHEET} for line in _writes_csv(trees[path])]


def test_the_exceptions_are_there_and_needed(trees: dict[Path, ast.Module]) -> None:
    for path in (WRITER, READER, *ALLOWED):
        assert _faults(trees[path]), f"{path.name} needs no exception any more: take it off the list"


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
        "path.open('rb')",
        "open(path, 'rb')",
        "path.read_text()",
        "path.read_text(encoding='utf-8-sig')",
        "path.read_bytes()",
        "os.open(path, flags)",
        "os.replace(a, b)",
        "subprocess.run(command, text=True)",
        "safetensors.torch.save_file(state, path)",
    ],
)
def test_the_search_finds_each_way_past_it(line: str) -> None:
    assert _faults(ast.parse(line))


@pytest.mark.parametrize(
    "line",
    [
        "read_text(path, LARGEST)",
        "read_limited(path)",
        "read_bytes(path)",
        "write_whole(path, text)",
        "packed.open(member, 'w', force_zip64=True)",
        "subprocess.run(command, encoding='utf-8')",
    ],
)
def test_the_search_lets_pass_what_is_right(line: str) -> None:
    assert not _faults(ast.parse(line))
