"""A git repository read as data: objects by their names, nothing checked out, nothing run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.errors import GitError

MAX_LISTING = 16 * 1024 * 1024  # bytes that git may say of one comparison
MAX_COMMIT = 1024 * 1024  # bytes of a commit with its message
REGULAR = frozenset({"100644", "100755"})
ABSENT = "000000"  # the mode of what is not there
# No configuration but the repository's own, which is the instructor's; no stand-ins for objects;
# no fetching of what is missing.
ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
}
SETTINGS = ("core.hooksPath=/dev/null", "core.attributesFile=/dev/null", "core.fsmonitor=false")


@dataclass(frozen=True)
class Change:
    """One path that differs between two commits, as it is in the later one."""

    path: str  # for reading; bytes that are no UTF-8 are replaced
    mode: str  # of git: 100644 regular, 120000 link, 160000 other repository, `ABSENT` deleted
    blob: str  # the object's name

    @property
    def regular(self) -> bool:
        """Whether it is a file, and neither deleted nor a link nor another repository."""
        return self.mode in REGULAR


@dataclass(frozen=True)
class Signature:
    """What a commit says of itself. Whoever made the commit wrote all of it."""

    author: str
    committed: datetime | None  # None if it is no time at all


class Repository:
    """A repository, bare or not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def commit(self, revision: str) -> str:
        """The full name of the commit that a revision names.

        Raises:
            GitError: there is none here.
        """
        try:
            name = self._say(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            )
        except GitError as error:
            raise GitError(
                f"there is no commit {revision!r} in {self._folder}; fetch it, or see whether it "
                f"was replaced by a later push ({error})"
            ) from error
        return name.decode().strip()

    def has(self, revision: str) -> bool:
        """Whether a revision names a commit here."""
        try:
            return bool(self.commit(revision))
        except GitError:
            return False

    def changes(self, base: str, head: str) -> list[Change]:
        """What `head` changed since it parted from `base`; a renamed file is one less, one more.

        Raises:
            GitError: the two have no commit in common, or the list is too long.
        """
        try:
            parted = self._say("merge-base", "--end-of-options", base, head).decode().strip()
        except GitError as error:
            raise GitError(
                f"{head} and {base} have no commit in common here: either the history was not "
                f"fetched whole, or it was not begun from the course's repository ({error})"
            ) from error
        options = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--ignore-submodules=none")
        return list(_changes(self._say("diff-tree", *options, parted, head)))

    def entry(self, commit: str, path: str) -> Change:
        """What stands at a path of a commit; its mode is `ABSENT` if nothing does."""
        listed = self._say("ls-tree", "-z", "--full-tree", commit, "--", path)
        for line in listed.split(b"\0"):
            head, _, name = line.partition(b"\t")
            if name == path.encode():
                mode, _, blob = head.decode().split(" ")
                return Change(path, mode, blob)
        return Change(path, ABSENT, "")

    def size(self, blob: str) -> int:
        """How many bytes an object has, without reading it."""
        return int(self._say("cat-file", "-s", blob))

    def read(self, blob: str, cap: int) -> bytes:
        """A file's bytes.

        Raises:
            GitError: it has more than `cap`; none was read then.
        """
        if self.size(blob) > cap:
            raise GitError(f"object {blob} has more than {cap} bytes")
        return self._say("cat-file", "blob", blob, cap=cap)

    def signature(self, commit: str) -> Signature:
        """Who a commit says wrote it, and when it says it was made."""
        if self.size(commit) > MAX_COMMIT:
            return Signature("", None)
        head, _, _ = self._say("cat-file", "commit", commit).partition(b"\n\n")
        said: dict[str, str] = {}
        for line in head.decode("utf-8", "replace").splitlines():
            key, _, rest = line.partition(" ")
            said.setdefault(key, rest)
        author = said.get("author", "").rpartition("> ")[0]
        seconds = said.get("committer", "").rpartition("> ")[2].partition(" ")[0]
        try:
            committed = datetime.fromtimestamp(int(seconds), UTC)
        except (ValueError, OverflowError, OSError):
            committed = None
        return Signature(f"{author}>" if author else "", committed)

    def _say(self, *arguments: str, cap: int = MAX_LISTING) -> bytes:
        settings = [part for setting in SETTINGS for part in ("-c", setting)]
        command = ["git", *settings, "-C", str(self._folder), *arguments]
        environment = {"PATH": os.environ.get("PATH", os.defpath), **ENVIRONMENT}
        try:
            with subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ) as process:
                assert process.stdout is not None
                assert process.stderr is not None
                said = process.stdout.read(cap + 1)
                if len(said) > cap:
                    process.kill()
                    raise GitError(f"git {arguments[0]} says more than {cap} bytes")
                complaint = process.stderr.read(2000).decode("utf-8", "replace").strip()
        except FileNotFoundError as error:
            raise GitError("git is not installed") from error
        if process.returncode:
            raise GitError(f"git {arguments[0]}: {complaint or f'exit code {process.returncode}'}")
        return said


def _changes(raw: bytes) -> Iterator[Change]:
    """Read git's raw format: `:mode mode blob blob status NUL path NUL`, again and again."""
    parts = iter(raw.split(b"\0"))
    for terms, path in zip(parts, parts, strict=False):
        _, mode, _, blob, _ = terms.decode().split(" ")
        yield Change(path.decode("utf-8", "replace"), mode, blob)
