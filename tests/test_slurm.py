"""A SLURM of our own, on this machine alone: marks of its jobs, and what becomes of the jobs."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from .clusters import Client, hand_in, told_once, until

pytestmark = pytest.mark.long

PROGRAMS = ("munged", "slurmctld", "slurmd", "sinfo", "squeue", "sbatch", "scancel")
STARTED_SECONDS = 60.0
ENDED_SECONDS = 60.0
CONFIGURATION = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=short Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    """A controller and one node; `SLURM_CONF` in the environment names it."""

    def __init__(self, folder: Path) -> None:
        """Write its configuration; nothing runs yet."""
        self.folder = folder
        self.file = folder / "slurm.conf"
        for name in ("state", "spool", "certificates"):
            (folder / name).mkdir()
        (folder / "munge.key").write_bytes(os.urandom(128))
        (folder / "munge.key").chmod(0o600)
        with ExitStack() as stack:
            servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in "12"]
            ports = [server.getsockname()[1] for server in servers]
        written = CONFIGURATION.format(
            host=socket.gethostname().partition(".")[0],
            ports=ports,
            folder=folder,
            cpus=os.cpu_count(),
            memory=psutil.virtual_memory().total // 2**21,  # MiB: what it has, and to spare
        )
        self.file.write_text(written)
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> str:
        """Start it; "" when its node is idle, else what its daemons said."""
        files = {what: self.folder / f"munge.{what}" for what in ("socket", "pid", "log", "seed")}
        munge = [f"--{what}-file={files[what]}" for what in ("pid", "log", "seed")]
        munge += [f"--key-file={self.folder / 'munge.key'}", f"--socket={files['socket']}"]
        self._daemon("munged", "--foreground", *munge)
        end = time.monotonic() + STARTED_SECONDS
        while not files["socket"].exists() and time.monotonic() < end:
            time.sleep(0.1)
        self._daemon("slurmctld", "-D", "-f", str(self.file))
        self._daemon("slurmd", "-D", "-f", str(self.file))
        while time.monotonic() < end and all(one.poll() is None for one in self._processes):
            if self.said("sinfo", "-h", "-o", "%T") == "idle":
                return ""
            time.sleep(0.2)
        logs = [path.read_text().splitlines()[-3:] for path in sorted(self.folder.glob("*.out"))]
        return " | ".join(line for lines in logs for line in lines)

    def _daemon(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.out").open("wb") as log:
            self._processes.append(
                subprocess.Popen([name, *arguments], stdout=log, stderr=subprocess.STDOUT)
            )

    def said(self, *command: str) -> str:
        """What a command of the queue says."""
        variables = {**os.environ, "SLURM_CONF": str(self.file)}
        done = subprocess.run(
            command, env=variables, capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout.strip()

    def jobs(self) -> str:
        """The jobs that are there."""
        return self.said("squeue", "-h", "-o", "%i")

    def all_ended(self) -> bool:
        """Whether no job is left, now or soon."""
        end = time.monotonic() + ENDED_SECONDS
        while self.jobs() and time.monotonic() < end:
            time.sleep(0.2)
        return not self.jobs()

    def asked_for(self, queue: str = "short") -> Path:
        """What a client is given."""
        path = self.folder / f"{queue}.toml"
        path.write_text(
            f'[jobs]\nsystem = "slurm"\ncores = 1\nmemory = "2GiB"\ninterface = "lo"\n'
            f'queue = "{queue}"\ncertificates = "{self.folder / "certificates"}"\n'
        )
        return path

    def close(self) -> None:
        """End jobs and daemons."""
        if self._processes:
            self.said("scancel", "--user=root")
            self.all_ended()
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    """A SLURM that takes jobs, where one can be had."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        pytest.skip(f"SLURM is not installed: {', '.join(missing)}")
    if os.geteuid() != 0:
        pytest.skip("SLURM's daemons start as root alone")
    with tempfile.TemporaryDirectory(prefix="slurm-") as name:  # short: it holds a socket
        Path(name).chmod(0o711)  # else munged says that nobody reaches its socket
        slurm = Slurm(Path(name))
        try:
            said = slurm.start()
            if said:
                pytest.skip(f"SLURM does not start here: {said}")
            yield slurm
        finally:
            slurm.close()


@pytest.fixture
def client(tmp_path: Path, slurm: Slurm, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Who asks for marks of three submissions, one right, one wrong, one that takes its time."""
    monkeypatch.setenv("SLURM_CONF", str(slurm.file))
    folder = tmp_path / "submitted"
    hand_in(folder, "right", None)
    hand_in(folder, "wrong", "class Decoder(nn.Module):\n    pass\n")
    hand_in(folder, "late", "import time\ntime.sleep(5)\nclass Decoder:\n    pass\n")
    return Client(tmp_path, folder)


def test_marks_are_those_of_this_machine_whatever_becomes_of_a_job(
    slurm: Slurm, client: Client
) -> None:
    process = client.start("--cluster", slurm.asked_for())
    until(client.written, process)
    slurm.said("scancel", slurm.jobs())
    code, out, err = client.ended(process)
    told_once(client, code, out, err)
    assert "slurm: submitted job" in err
    assert "a job of the cluster has ended; submitted job" in err
    assert slurm.all_ended()
    left = [path.name for path in (slurm.folder / "certificates").iterdir()]
    assert left
    assert all(name.startswith("dask-worker-") for name in left)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_ended_leaves_no_job(
    how: signal.Signals, slurm: Slurm, client: Client
) -> None:
    # what a shell starts in the background ignores Ctrl-C, and all it starts would too
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = client.start("--cluster", slurm.asked_for())
    finally:
        signal.signal(signal.SIGINT, before)
    until(slurm.jobs, process)
    process.send_signal(how)
    code, _, err = client.ended(process)
    assert code == 130, err
    assert slurm.all_ended()


def test_a_queue_that_refuses_is_told_in_one_line(slurm: Slurm, client: Client) -> None:
    code, out, err = client.run("--cluster", slurm.asked_for("nowhere"))
    assert (code, out) == (1, "")
    assert "invalid partition specified: nowhere" in err
    assert err.count("\n") == 1
    assert client.written() == {}
