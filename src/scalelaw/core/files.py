"""Write files safely: a file appears whole or the old one stays, and appended lines reach the disk.

New content goes to a temporary file with an unguessable name, is synced to disk, and then takes the target's name in
one step; a failure leaves nothing behind. On Linux it has no name until it is whole, so even a killed process hardly
ever leaves a stray file; the next write into the folder deletes one. A target that is a link is refused, since the file
behind it may belong to someone else. Text is UTF-8 in every locale, and encoded before any file is opened.
"""

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import IO

from scalelaw.core.errors import BadInput
from scalelaw.core.owners.parts import part_name, sweep

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NAMELESS = getattr(os, "O_TMPFILE", 0)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def write_whole(path: str | PathLike[str], data: str | bytes, *, over: bool = True) -> Path:
    """Write a file in one step, so that readers see the old or the new content but never a part; return its path.

    Replacing a file keeps its permissions. A link, folder or device at the target is refused.

    Args:
        path: the target; its folder must exist.
        data: the whole content; text becomes UTF-8.
        over: whether to replace an existing file.

    Raises:
        BadInput: the file cannot be written, or the text is not valid UTF-8; an old file stays unchanged.
        FileExistsError: the file exists, and ``over`` is not set.

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
    """Open a file that replaces the target when the block ends, and vanishes if the block fails.

    Args:
        path: the target, as in ``write_whole``.
        over: whether to replace an existing file.

    Yields:
        A binary file to write, seek and read.

    Raises:
        BadInput: the file cannot be written; an old file stays unchanged.
        FileExistsError: the file exists, and ``over`` is not set.
    """
    target = Path(path).expanduser()
    try:
        mode = _replaceable(target, over=over)
        sweep(target.parent)
        descriptor, part = _begin(target.parent)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                yield file
                if mode is not None:
                    os.fchmod(file.fileno(), mode)
                file.flush()
                os.fsync(file.fileno())
                if part is None and not over:
                    _name(file, target)
                else:
                    part = part or _name(file, target.parent / part_name())
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
    """Make a folder that takes its name when the block ends, and vanishes if the block fails.

    Args:
        path: the target, absent or an empty folder; its parent folders are created.

    Yields:
        The folder to fill, beside the target.

    Raises:
        BadInput: the folder cannot be written, or the target is a folder that is not empty.
    """
    target = Path(path).expanduser()
    part = target.parent / part_name()
    missing = [each for each in target.parents if not each.exists()]
    try:
        sweep(target.parent)
        part.mkdir(parents=True)
        yield part
        sync_folder(part)
        part.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise BadInput(refusal(target, error)) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if not target.exists():
            for each in missing:
                with contextlib.suppress(OSError):  # it holds something by now
                    each.rmdir()


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder for files of this process among the temporary files, and delete it with all it holds.

    Folders that killed processes left behind are deleted first.

    Raises:
        BadInput: it cannot be made.
    """
    place = Path(tempfile.gettempdir())
    folder = place / part_name()
    try:
        sweep(place)
        try:
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise BadInput(refusal(folder, error)) from error
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def now_in(folder: Path) -> float:
    """Return the time by the clock of a folder's file system, which stamps files; it may differ from the local clock.

    Raises:
        OSError: nothing can be written there.
    """
    descriptor, part = _begin(folder)
    try:
        return os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)
        if part is not None:
            part.unlink(missing_ok=True)


def take_place(source: Path, target: Path) -> None:
    """Rename a file to a target in one step; a file there is replaced.

    Raises:
        OSError: the source is missing, or the folder cannot be written.
    """
    os.replace(source, target)
    sync_folder(target.parent)


def make_once(path: str | PathLike[str], data: bytes = b"") -> bool:
    """Create a file and return True, or return False if it exists. Readers may see it empty.

    Raises:
        OSError: the file cannot be written; it does not exist then.
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
    """Return a descriptor for reading a file and appending to it; create the file if it does not exist.

    Raises:
        OSError: the file cannot be opened, or is a link or not a regular file.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _NO_LINK | getattr(os, "O_NONBLOCK", 0), 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return descriptor


def append(descriptor: int, data: bytes) -> None:
    """Append to an open file, and wait until the data is on disk.

    Raises:
        OSError: the disk is full or unavailable; a part may have been written.
    """
    done = os.write(descriptor, data)
    if done < len(data):
        raise OSError(errno.ENOSPC, f"only {done} of {len(data)} bytes could be written")
    os.fsync(descriptor)


def append_line(path: str | PathLike[str], line: str) -> None:
    """Append one line to a file with a single writer; the line reaches the disk whole or not at all.

    Raises:
        BadInput: the line cannot be written; the file stays unchanged.
    """
    content = _encoded(line, path) + b"\n"
    try:
        descriptor = open_to_append(path)
        try:
            before = os.fstat(descriptor).st_size
            if before and os.pread(descriptor, 1, before - 1) != b"\n":  # a killed process left half a line
                content = b"\n" + content
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


def cut_back(path: str | PathLike[str], size: int) -> None:
    """Cut a file back to its first bytes, and wait until this is on the disk.

    Raises:
        BadInput: it cannot be written.
    """
    try:
        descriptor = open_to_append(path)
        try:
            os.ftruncate(descriptor, size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise BadInput(refusal(path, error)) from error


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk, if the file system supports it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:  # some network file systems refuse this for folders and sync names themselves
        pass
    finally:
        os.close(descriptor)


def refusal(path: str | PathLike[str], error: Exception) -> str:
    """Explain why a path cannot be written, with a remedy."""
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
        raise BadInput(f"{path} cannot be written: its text has {what} after {near!r}; correct that text") from None


def _replaceable(target: Path, *, over: bool) -> int | None:
    """Return the permissions of an existing file, or None without one.

    Raises:
        OSError: it is a link, not a regular file, or not writable.
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
        raise OSError(errno.EINVAL, "it is not a regular file", str(target))
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    return stat.S_IMODE(there.st_mode)


def _begin(folder: Path) -> tuple[int, Path | None]:
    """Return an open empty file and its name; on Linux it has no name."""
    if _NAMELESS:
        with contextlib.suppress(OSError):  # not every file system can; where nothing can be written, this says why:
            return os.open(folder, _NAMELESS | os.O_RDWR, 0o666), None
    part = folder / part_name()
    return os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o666), part


def _name(file: IO[bytes], path: Path) -> Path:
    """Give a nameless file a name that must be new, and return the name."""
    # A folder is named, though the path is absolute: only then does Python follow the link under /proc to the file.
    os.link(f"/proc/self/fd/{file.fileno()}", path, src_dir_fd=file.fileno(), follow_symlinks=True)
    return path


def _place(part: Path, target: Path, *, over: bool) -> None:
    """Rename a complete file to the target in one step."""
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
