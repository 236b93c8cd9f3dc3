"""Jobs of a queue: what it is told, when it refuses, and that none is left behind."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from autograder.cluster.jobs import Jobs, renew, submitted
from autograder.errors import ClusterError

TAKES = """#!/bin/sh
cd {folder}
env >> environment
job=1
until mkdir job-$job 2>/dev/null; do job=$((job + 1)); done
echo Submitted batch job $job
"""
REFUSES = """#!/bin/sh
echo 'sbatch: error: invalid partition specified: nowhere' >&2
echo 'sbatch: error: Batch job submission failed' >&2
exit 1
"""
CANCELS = """#!/bin/sh
echo $1 >> {folder}/cancelled
"""


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the commands of a queue that takes jobs and starts none."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    command(tmp_path, "sbatch", TAKES)
    command(tmp_path, "scancel", CANCELS)
    return tmp_path


def command(folder: Path, name: str, script: str) -> None:
    """Write what stands for a command of the queue."""
    (folder / name).write_text(script.format(folder=folder))
    (folder / name).chmod(0o755)


def asked_for(folder: Path) -> Jobs:
    """Two jobs."""
    certificates = folder / "certificates"
    certificates.mkdir()
    return Jobs("slurm", cores=1, memory="1GiB", certificates=str(certificates), jobs=2)


def cancelled(folder: Path) -> list[str]:
    """The jobs that were ended, in order of their numbers."""
    return sorted((folder / "cancelled").read_text().split())


def test_jobs_end_with_the_block_and_no_key_is_left(
    queue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = asked_for(queue)
    with submitted(jobs):
        assert list(Path(jobs.certificates).iterdir())
        assert "slurm: submitted job 1, job 2\n" in capsys.readouterr().err
    assert cancelled(queue) == ["1", "2"]
    assert not list(Path(jobs.certificates).iterdir())


def test_a_queue_is_not_told_the_secret(queue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRADER_SALT", "a secret")
    with submitted(asked_for(queue)):
        assert os.environ["AUTOGRADER_SALT"] == "a secret"
    told = (queue / "environment").read_text()
    assert "PATH=" in told
    assert "a secret" not in told


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_ended_ends_its_jobs(
    how: signal.Signals, queue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("dask_jobqueue")]:
        monkeypatch.delitem(sys.modules, name)  # what its import changes, it changes here
    before = signal.getsignal(how)
    with pytest.raises(KeyboardInterrupt), submitted(asked_for(queue)):
        os.kill(os.getpid(), how)
    assert cancelled(queue) == ["1", "2"]
    assert signal.getsignal(how) is before


def test_a_queue_that_refuses_is_told_in_one_line(queue: Path) -> None:
    command(queue, "sbatch", REFUSES)
    with pytest.raises(ClusterError) as caught, submitted(asked_for(queue)):
        pytest.fail("nothing was submitted")
    assert "slurm" in str(caught.value)
    assert "invalid partition specified: nowhere" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_job_that_has_ended_is_submitted_again_and_a_refusal_is_said_once(
    queue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with submitted(asked_for(queue)) as cluster:
        renew(cluster)
        capsys.readouterr()
        cluster.workers.pop(min(cluster.workers))  # as Dask does when a worker is gone
        renew(cluster)
        assert capsys.readouterr().err == "a job of the cluster has ended; submitted job 3\n"
        command(queue, "sbatch", REFUSES)
        cluster.workers.pop(min(cluster.workers))
        renew(cluster)
        renew(cluster)
        said = capsys.readouterr().err
        assert said.count("\n") == said.count("no other begins: sbatch: error: invalid") == 1
