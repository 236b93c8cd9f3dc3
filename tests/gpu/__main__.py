"""Runs all parts, and writes what they found as it comes: `build/gpu/devices.json`.

`--page FILE` writes the tables of docs/devices.md from such a file, brought from another machine.
Python's own library is enough for this module; what a part needs beyond it may be missing.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .page import lines, summary, write_page
from .parts import PARTS, Part, part

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "gpu"
BROUGHT = OUT / "packages"  # by `make gpu-packages`: what a bare machine lacks
MINUTES = 6.0
LOOK_SECONDS = 120.0  # to import torch and find a GPU, on a machine just started


def main(arguments: list[str] | None = None) -> int:
    """Run the parts, one part as its own process, or write the page."""
    options = _parser().parse_args(arguments)
    if options.page is not None:
        return write_page(json.loads(options.page.read_text(encoding="utf-8")), ROOT)
    if options.child is not None:
        return _child(options.child, options.device, options.few)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # no TextIO has it
    seen = _look()
    if "cuda" not in seen:
        print(f"error: {sys.executable} has no torch that works: {seen['why']}", file=sys.stderr)
        return 1
    if options.device == "cuda" and not seen["cuda"]:
        print(f"error: torch {seen['torch']} finds no CUDA device here", file=sys.stderr)
        return 1
    device = options.device or ("cuda" if seen["cuda"] else "cpu")
    if device == "cpu":
        print("DRY RUN: no GPU is used; the CPU or the simulated GPU stands where one would")
    return run(device, seen, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), help="default: what there is")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="for all parts together")
    parser.add_argument("--part", type=part, action="append", metavar="NAME", help="only this one")
    parser.add_argument("--few", action="store_true", help="less of everything: does it run?")
    parser.add_argument("--out", type=Path, default=OUT, metavar="FOLDER")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write docs/devices.md from it")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser


def run(device: str, seen: dict[str, Any], options: argparse.Namespace) -> int:
    """Run the parts and write after each; 1 if one failed or had not the time."""
    began = time.monotonic()
    record: dict[str, Any] = {
        "dry run": device == "cpu",
        "device": device,
        "date": datetime.now(UTC).date().isoformat(),
        "few": options.few,
        "machine": seen,
        "parts": {},
    }
    options.out.mkdir(parents=True, exist_ok=True)
    place, scale = options.out / "devices.json", options.minutes / MINUTES
    for one in options.part or PARTS:
        left = options.minutes * 60 - (time.monotonic() - began)
        result: dict[str, Any] = {"state": "skipped", "why": "", "found": {}}
        record["parts"][one.name] = result
        start = time.monotonic()
        missing = one.missing()
        if missing:
            result["why"] = f"not here: {', '.join(missing)}"
        elif left < 5:
            result["why"] = f"the {options.minutes:g} minutes are over"
        else:
            for found in _found(one, device, options, min(one.seconds * scale, left), result):
                result["found"].update(found)
                _write(place, record)
        result["seconds"] = round(time.monotonic() - start, 1)
        record["seconds"] = round(time.monotonic() - began, 1)
        _write(place, record)
        print(summary(one.name, result))
    (options.out / "devices.md").write_text("\n".join(lines(record)) + "\n", encoding="utf-8")
    print(f"written: {place} and {place.with_suffix('.md').name}, in {record['seconds']} s")
    ended = {result["state"] for result in record["parts"].values()}
    return int(bool(ended & {"failed", "ended"}))


def _found(
    one: Part, device: str, options: argparse.Namespace, seconds: float, result: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """What a part finds, as it comes; `result` then says how it ended."""
    folder = options.out / "log"
    folder.mkdir(exist_ok=True)
    told, said = folder / f"{one.name}.jsonl", folder / f"{one.name}.txt"
    command = [sys.executable, "-m", "tests.gpu", "--child", one.module, "--device", device]
    with told.open("w") as out, said.open("w") as log:
        process = subprocess.Popen(
            [*command, *(["--few"] if options.few else [])],
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=log,
            start_new_session=True,
        )
    over, read = time.monotonic() + seconds, 0
    try:
        while process.poll() is None and time.monotonic() < over:
            time.sleep(0.2)
            read, found = _new(told, read)
            if found:
                yield found
        done = process.poll()
    finally:
        # also what a part that failed has left running
        _kill(process)
    yield _new(told, read)[1]
    if done == 0:
        result["state"] = "done"
    elif done is None:
        result.update(state="ended", why=f"not finished within {seconds:.0f} s")
    else:
        last = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        result.update(state="failed", why=" ".join(last)[:500] or f"it ended with {done}")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a part and all that it started, and wait for it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _new(file: Path, read: int) -> tuple[int, dict[str, Any]]:
    """The whole lines that were written since `read` bytes, and how many bytes are read now."""
    with file.open("rb") as told:
        told.seek(read)
        whole = told.read().rpartition(b"\n")[0]
    if not whole:
        return read, {}
    return read + len(whole) + 1, dict(json.loads(line) for line in whole.splitlines())


def _child(module: str, device: str, few: bool) -> int:
    """Run a part in this process: a line for each thing it finds, and nothing else on stdout."""
    out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    for name, value in importlib.import_module(module).found(device, few):
        print(json.dumps([name, value]), file=out)
    return 0


def _look() -> dict[str, Any]:
    """What there is, told by a process of its own: importing torch may hang or crash."""
    code = "import json; from tests.gpu.machine import machine; print(json.dumps(machine()))"
    command = [sys.executable, "-c", code]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=LOOK_SECONDS,
            check=False,
        )
        return dict(json.loads(done.stdout.splitlines()[-1]))
    except subprocess.TimeoutExpired:
        return {"why": f"no answer within {LOOK_SECONDS:.0f} s"}
    except (ValueError, IndexError):
        return {"why": (done.stderr.strip().splitlines() or ["no word"])[-1]}


def _environment() -> dict[str, str]:
    """As a comparison of devices needs it; what was brought along is found."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    environment.pop("NVIDIA_TF32_OVERRIDE", None)  # some parts ask for TF32
    known = [str(ROOT), str(BROUGHT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, known))
    return environment


def _write(place: Path, record: dict[str, Any]) -> None:
    """Write the record whole, or leave the one before."""
    new = place.with_suffix(".new")
    new.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    new.replace(place)


if __name__ == "__main__":
    sys.path.append(str(BROUGHT))
    sys.exit(main())
