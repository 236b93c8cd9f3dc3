"""A cluster's marks are this machine's; whoever ends meanwhile, each submission is told once."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.cluster.jobs import Jobs, job_queue
from autograder.cluster.order import Order
from autograder.cluster.place import Place, certificates, read_place
from autograder.errors import ClusterError, RecordError

from .clusters import Client, Site, hand_in, kill, told_once, until
from .repository import copy_repository

pytestmark = pytest.mark.long

RIGHT, SLOW = "right", "dawdler"
CODE = {
    "wrong": "class Decoder(nn.Module):\n    pass\n",
    "stub": 'raise NotImplementedError("not written yet")',
    "crashes": "class Decoder:\n    def __init__(self, *_):\n        raise KeyError('mine')\n",
}


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Submissions, right and wrong, and some that take their time."""
    folder = tmp_path_factory.mktemp("submitted")
    hand_in(folder, RIGHT, None)
    for name, code in CODE.items():
        hand_in(folder, name, code)
    for number in range(4):
        late = f"import time\ntime.sleep(2)\nclass Decoder:\n    number = {number}"
        hand_in(folder, f"{SLOW}{number}", late)
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A cluster in which nothing runs yet."""
    site = Site(tmp_path / "cluster")
    yield site
    site.close()


@pytest.fixture
def client(tmp_path: Path, handed_in: Path) -> Client:
    """A client whose salt is nobody else's."""
    return Client(tmp_path, handed_in)


def test_marks_are_those_of_this_machine_and_nothing_is_asked_twice_or_written_into_a_log(
    site: Site, client: Client, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    copy_repository(clone, without="(tests|docs)/")
    running = [site.scheduler(), site.worker(), site.worker(clone)]
    code, out, err = client.run("--cluster", site.file())
    told_once(client, code, out, err)
    assert "waiting" not in err
    assert not re.search(rf"{client.salt}|class Decoder|{SLOW}|seq2seq\.ipynb", site.logs())
    for process in running:
        kill(process)
    code, out, err = client.run("--cluster", site.file(patience=0.1))  # nobody is there to ask
    assert (code, len(out.splitlines())) == (0, client.number), err


def test_a_worker_whose_suites_differ_is_refused_and_grades_nothing(
    site: Site, client: Client, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    copy_repository(clone, without="(tests|docs)/")
    with (clone / "autograder" / "suites" / "memory.py").open("a") as file:
        file.write("# changed\n")
    site.scheduler()
    site.worker(clone)
    code, out, err = client.run("--cluster", site.file(patience=90))
    assert (code, out) == (1, "")
    assert "its suites and engine differ" in err
    assert "no worker of the cluster may grade" in err
    assert client.written() == {}


def test_a_worker_that_is_killed_costs_no_mark(site: Site, client: Client) -> None:
    site.scheduler()
    doomed, _ = site.worker(), site.worker()
    process = client.start("--cluster", site.file())
    until(client.written, process)
    kill(doomed)
    told_once(client, *client.ended(process))


def test_a_scheduler_that_is_restarted_costs_no_mark(site: Site, client: Client) -> None:
    first = [site.scheduler(), site.worker()]
    process = client.start("--cluster", site.file())
    until(client.written, process)
    for one in first:
        kill(one)
    site.scheduler()
    site.worker()
    told_once(client, *client.ended(process))


def test_a_client_that_is_killed_goes_on_when_it_is_run_again(site: Site, client: Client) -> None:
    site.scheduler()
    site.worker()
    process = client.start("--cluster", site.file())
    until(client.written, process)
    process.kill()
    process.communicate()
    before = client.written()
    assert 1 <= len(before) < client.number
    told_once(client, *client.run("--cluster", site.file()))
    assert before.items() <= client.written().items()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('scheduler = "tcp://10.0.0.1:8786"', "only over TLS"),
        ("", "name either a scheduler or [jobs]"),
        (
            'scheduler = "tls://a:1"\n[jobs]\n'
            'system = "slurm"\ncores = 2\nmemory = "8GiB"\ncertificates = "c"',
            "name either a scheduler or [jobs]",
        ),
        ('[jobs]\nsystem = "lsf"', "one of"),
        ('schedular = "tls://a:1"', "schedular"),
    ],
)
def test_a_file_that_is_not_in_order_is_refused_in_a_line(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "cluster.toml"
    path.write_text(text)
    with pytest.raises((ClusterError, RecordError)) as caught:
        read_place(str(path))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_address_without_tls_is_refused() -> None:
    with pytest.raises(ClusterError, match="only over TLS"):
        read_place("tcp://127.0.0.1:8786")


def test_without_certificates_nobody_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="no certificates"):
        certificates(Place(scheduler="tls://127.0.0.1:8786"))
    gone = str(tmp_path / "gone.pem")
    place = Place(scheduler="tls://127.0.0.1:1", ca=gone, certificate=gone, key=gone)
    with pytest.raises(ClusterError, match=r"gone\.pem is not there"):
        certificates(place)


def test_an_order_shows_nothing_of_what_it_holds() -> None:
    assert "secret" not in repr(Order("grader-seq2seq-1", '{"salt": "secret"}'))


def test_the_job_of_a_queue_asks_for_what_the_file_says_and_starts_a_worker_over_tls(
    tmp_path: Path,
) -> None:
    jobs = Jobs(
        "slurm",
        cores=8,
        memory="32GiB",
        certificates=str(tmp_path),
        walltime="02:00:00",
        queue="short",
        account="course",
        before=("module load python/3.11",),
    )
    with job_queue(jobs, tmp_path) as queue:
        script = queue.job_script()
        assert queue.scheduler_address.startswith("tls://")
    wanted = ("-p short", "-A course", "-t 02:00:00", "--cpus-per-task=8", "--mem=32G")
    lines = script.splitlines()
    assert [option for option in wanted if f"#SBATCH {option}" not in lines] == []
    assert "module load python/3.11" in lines
    worker = lines[-1]
    assert sys.executable in worker
    assert "tls://" in worker
    assert "--nthreads 8" in worker
    files = re.findall(r"--tls-(?:ca-file|cert|key) (\S+)", worker)
    assert len(files) == 3
    assert "PRIVATE KEY" not in script
