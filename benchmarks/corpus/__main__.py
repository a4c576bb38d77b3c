"""Build the text that cpu-ladder was trained on, from packages of documentation: what ``make corpus`` does.

    python benchmarks/corpus [--out build/corpus] [--write]

One JSON-lines file a package, which ``scalelaw ladder run`` reads as a folder; a package that is there is not made
again. Needs apt-get and dpkg-deb for Debian's packages, pip for PyPI's. --write puts the digests into the manifest.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forms import FORMS, decoded, prose

MANIFEST = Path(__file__).with_name("manifest.toml")
DOCUMENT = 16_000
"""Characters of a document, about: what is held out is held out by documents."""


@dataclass(frozen=True)
class Package:
    """A package, and what of it is text.

    Attributes:
        name: of the package.
        registry: ``debian`` or ``pypi``.
        files: regular expression over the paths in it.
        form: one of ``FORMS``.
        version: the one wanted; None for whatever the registry has.
        sha256: of the cleaned text; None where it was never made.
        most: characters taken, from its beginning; None for all.
    """

    name: str
    registry: str
    files: str
    form: str
    version: str | None = None
    sha256: str | None = None
    most: int | None = None


def fetched(package: Package, folder: str) -> Path:
    """Download a package, and return its file."""
    commands = {
        "debian": ["apt-get", "download", "-qq", package.name],
        "pypi": [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:",
                 f"{package.name}=={package.version}"],
    }  # fmt: skip
    subprocess.run(commands[package.registry], cwd=folder, check=True, capture_output=True, text=True)
    (file,) = Path(folder).iterdir()
    return file


def contents(file: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every file of a package."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as archive:
            yield from ((name, archive.read(name)) for name in archive.namelist())
        return
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(file)], stdout=subprocess.PIPE) as unpacked:
        with tarfile.open(fileobj=unpacked.stdout, mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is not None:
                    yield member.name, content.read()


def documents(package: Package, file: Path) -> Iterator[str]:
    """Yield the documents of a package; a line that was there before, in this package, is left out."""
    seen: set[str] = set()
    taken = 0
    wanted = re.compile(package.files)
    for _, content in sorted((path, each) for path, each in contents(file) if wanted.search(path)):
        lines: list[str] = []
        for line in prose(FORMS[package.form](decoded(content))):
            if line in seen:
                continue
            seen.add(line)
            lines.append(line)
            taken += len(line)
            if package.most is not None and taken > package.most:
                yield "\n".join(lines)
                return
            if sum(map(len, lines)) > DOCUMENT:
                yield "\n".join(lines)
                lines = []
        if lines:
            yield "\n".join(lines)


def build(package: Package, out: Path) -> tuple[str, int]:
    """Write the text of a package unless it is there; return its digest and how many bytes it has."""
    path = out / f"{package.name}.jsonl"
    if not path.exists():
        with tempfile.TemporaryDirectory() as folder:
            texts = list(documents(package, fetched(package, folder)))
        part = path.with_suffix(".part")
        part.write_text("".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts), "utf-8")
        part.rename(path)
    content = path.read_bytes()
    return hashlib.sha256(content).hexdigest(), len(content)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/corpus"))
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    manifest = MANIFEST.read_text("utf-8")
    total, missing = 0, 0
    for said in tomllib.loads(manifest)["package"]:
        package = Package(**said)
        try:
            found, size = build(package, asked.out)
        except (OSError, subprocess.CalledProcessError) as error:
            missing += 1
            reason = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]
            print(f"{package.name:22} MISSING: {reason}", file=sys.stderr)
            continue
        total += size
        same = "" if found == package.sha256 else "  another text than the manifest has"
        print(f"{package.name:22} {size / 1e6:6.1f} MB  {found[:12]}{same}")
        if asked.write:
            manifest = re.sub(
                rf'(name = "{re.escape(package.name)}".*?sha256 = ")\w*"', rf'\g<1>{found}"', manifest, flags=re.DOTALL
            )
    print(f"{total / 1e6:.1f} MB in {asked.out}")
    if asked.write:
        MANIFEST.write_text(manifest, "utf-8")
    if missing:
        sys.exit(f"{missing} packages are missing: the text is another one, and so will be the losses")


if __name__ == "__main__":
    main()
