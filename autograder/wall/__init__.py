"""The wall: how student code is kept in. Each submission runs in a process of its own behind it.

Who trusts whom: the *judge* holds the hidden suites, the reference solutions, the salt and the
gradebook. The *worker* holds the student's code and nothing else. The judge speaks to it over a
pair of pipes; what the worker says is data, which the judge reads and never believes.

Inside the wall there is: the system's libraries and this Python, read-only; the worker's own files
(`inside/`, `checks/` with the assignment's probes), read-only. There is no network, no environment,
no home, no repository, and no user but nobody (or one of its own).

Importing torch costs more than grading, so bubblewrap is started once, around a *warm* process that
has imported it. Every submission runs in a fork of that process with its own user, process,
mount, network and message namespaces: it sees no process but its own, an empty `/tmp` of limited
size, has no capability and no way to gain one, and may make no system calls but those on a list.
Limits on memory, processes, processor time, file size and open files are set before the first
student byte runs. A submission ends as a whole:
the kernel kills all processes of a process namespace with its first one, and that one when the
judge lets go of a socket or ends. Where the kernel allows no such namespaces inside the sandbox,
every submission gets a *cold* sandbox of its own, which costs a second more. Where there is no
bubblewrap, every submission gets a container of its own, which costs a second more than that.

- `wall.py`: the three kinds of wall: bubblewrap (warm or cold), container, unconfined
- `build.py`: finds the strongest kind that holds here
- `trial.py`: tries from the inside what must not work, before anything is graded
- `session.py`: one submission behind the wall: ask, wait no longer than allowed, replace
- `watch.py`: looks at a submission's processes at short intervals, and ends it beyond a limit
- `cgroup.py`: one bound for a submission as a whole, by the kernel, where that can be had
- `launch.py`: starts workers and ends them
- `processes.py`: what processes hold and have used, as the kernel tells it
- `sandbox.py`: bubblewrap's command line: what can be seen inside
- `container.py`: the command line of podman or docker that shows the same
- `Containerfile`: the image for it
- `gpu.py`: what a real GPU needs inside, when it is asked for
- `limits.py`: what one submission may use
- `inside/`: what runs behind the wall
"""
