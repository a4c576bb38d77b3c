"""The one way to write: a file appears whole, or what stood there stays as it was; an appended line is on the disk.

New content goes where nobody can guess it, is on the disk before it takes the name of the target in one step, and
leaves nothing behind where that fails. On Linux it has no name at all until it is whole, so that even a killed process
leaves no litter. A link is never followed: a target that is one is refused, for the file it leads to may be another's.
Text is UTF-8 whatever the locale, and encoded before anything is opened.
"""

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import IO

from scalelaw.core.errors import BadInput

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NAMELESS = getattr(os, "O_TMPFILE", 0)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def write_whole(path: str | PathLike[str], data: str | bytes, *, over: bool = True) -> Path:
    """Write a file in one step: whoever reads it sees the old content or the new one, never a part; return its path.

    The permissions of a file that is written over stay. A link at the target is refused, as is a folder or a device.

    Args:
        path: the target; its folder exists.
        data: all of the content; text becomes UTF-8.
        over: whether a file that is there is replaced.

    Raises:
        BadInput: it cannot be written, or the text holds what UTF-8 cannot; what stood there is as it was.
        FileExistsError: it is there, and ``over`` is not set.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "plan.txt"
        >>> write_whole(path, "70B").read_text(encoding="utf-8")
        '70B'
    """
    content = _encoded(data, path)
    with whole_file(path, over=over) as file:
        file.write(content)
    return Path(path).expanduser()


@contextlib.contextmanager
def whole_file(path: str | PathLike[str], *, over: bool = True) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of the target when the block ends, and never existed where the block fails.

    Args:
        path: the target, as in ``write_whole``.
        over: whether a file that is there is replaced.

    Yields:
        A binary file to write, seek and read.

    Raises:
        BadInput: it cannot be written; what stood there is as it was.
        FileExistsError: it is there, and ``over`` is not set.
    """
    target = Path(path).expanduser()
    try:
        mode = _replaceable(target, over=over)
        descriptor, part = _begin(target.parent)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                yield file
                if mode is not None:
                    os.fchmod(file.fileno(), mode)
                file.flush()
                os.fsync(file.fileno())
                if part is None:
                    part = _named(file, target.parent)
                _place(part, target, over=over)
        finally:
            if part is not None:
                part.unlink(missing_ok=True)
        sync_folder(target.parent)
    except (OSError, ValueError) as error:
        if isinstance(error, BadInput) or (isinstance(error, FileExistsError) and not over):
            raise
        raise BadInput(refusal(target, error)) from error


@contextlib.contextmanager
def whole_folder(path: str | PathLike[str]) -> Iterator[Path]:
    """Make a folder that takes its name when the block ends, and is gone where the block fails.

    Args:
        path: the target, absent or an empty folder; the folders above it are made.

    Yields:
        The folder to fill, beside the target.

    Raises:
        BadInput: it cannot be written, or the target is a folder with something in it.
    """
    target = Path(path).expanduser()
    part = target.parent / _part_name()
    try:
        part.mkdir(parents=True)
        yield part
        sync_folder(part)
        part.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise BadInput(refusal(target, error)) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def make_once(path: str | PathLike[str], data: bytes = b"") -> bool:
    """Make a file that must not be there yet, for locks; return whether it was not. Readers may see it empty.

    Raises:
        OSError: it cannot be written; it is not there then.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o666)
    except FileExistsError:
        return False
    try:
        append(descriptor, data)
    except OSError:
        Path(path).unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return True


def open_to_append(path: str | PathLike[str]) -> int:
    """Return a descriptor that reads a file and adds to its end; the file is made where it is not there.

    Raises:
        OSError: it cannot be opened, or is a link or no regular file.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _NO_LINK | getattr(os, "O_NONBLOCK", 0), 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return descriptor


def append(descriptor: int, data: bytes) -> None:
    """Add to an open file, and wait until it is on the disk.

    Raises:
        OSError: the disk is full or gone; a part may have been written.
    """
    done = os.write(descriptor, data)
    if done < len(data):
        raise OSError(errno.ENOSPC, f"only {done} of {len(data)} bytes could be written")
    os.fsync(descriptor)


def append_line(path: str | PathLike[str], line: str) -> None:
    """Add one line to a file that one process at a time writes; the line is on the disk, or is not there.

    Raises:
        BadInput: it cannot be written; what stood there is as it was.
    """
    content = _encoded(line, path) + b"\n"
    try:
        descriptor = open_to_append(path)
        try:
            before = os.fstat(descriptor).st_size
            try:
                append(descriptor, content)
            except OSError:
                os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)
        if not before:
            sync_folder(Path(path).parent)
    except OSError as error:
        raise BadInput(refusal(path, error)) from error


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the file system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:  # some network file systems refuse this for folders; they keep names themselves
        pass
    finally:
        os.close(descriptor)


def refusal(path: str | PathLike[str], error: Exception) -> str:
    """Return why a place cannot be written, and what to do about it."""
    number, why = getattr(error, "errno", None), getattr(error, "strerror", None) or error
    if number == errno.ELOOP:
        return f"{path} cannot be written: it is a link; name the file that it leads to"
    remedy = "make room there, or name another place" if number in _FULL else "name another place"
    return f"{path} cannot be written: {why}; {remedy}"


def _encoded(data: str | bytes, path: str | PathLike[str]) -> bytes:
    if isinstance(data, bytes):
        return data
    try:
        return data.encode("utf-8")
    except UnicodeEncodeError as error:
        what = f"U+{ord(data[error.start]):04X}, half of a character,"
        near = data[max(0, error.start - 20) : error.start].split("\n")[-1]
        raise BadInput(f"{path} is not written: {what} stands in its text after {near!r}; mend that name") from None


def _replaceable(target: Path, *, over: bool) -> int | None:
    """Return the permissions of the file that is there, None where none is.

    Raises:
        OSError: it is a link, no regular file, or may not be written.
    """
    try:
        there = target.lstat()
    except FileNotFoundError:
        return None
    if not over:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    if stat.S_ISLNK(there.st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(target))
    if stat.S_ISDIR(there.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if not stat.S_ISREG(there.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(target))
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    return stat.S_IMODE(there.st_mode)


def _part_name() -> str:
    return f".scalelaw-{secrets.token_hex(16)}.part"


def _begin(folder: Path) -> tuple[int, Path | None]:
    """Return an open file without content, and its name; it has none where the system can do without."""
    if _NAMELESS:
        with contextlib.suppress(OSError):  # not every file system can; where nothing can be written, this says why:
            return os.open(folder, _NAMELESS | os.O_RDWR, 0o666), None
    part = folder / _part_name()
    return os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o666), part


def _named(file: IO[bytes], folder: Path) -> Path:
    """Give a file without a name one that nobody can guess, and return it; what follows is the last step."""
    part = folder / _part_name()
    # A folder is named, though the path is absolute: only then does Python follow the link under /proc to the file.
    os.link(f"/proc/self/fd/{file.fileno()}", part, src_dir_fd=file.fileno(), follow_symlinks=True)
    return part


def _place(part: Path, target: Path, *, over: bool) -> None:
    """Give a whole file the name of the target, in one step."""
    if over:
        os.replace(part, target)
        return
    try:
        os.link(part, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        if not make_once(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        os.replace(part, target)
