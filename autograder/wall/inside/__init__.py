"""What runs behind the wall. Student code can read all of it, and nothing here is secret.

Nothing here imports anything of the grader but what stands here: the rest is not there.

- `worker.py`: the submission's process: runs its cells, then probes on request
- `wire.py`: messages through the wall: capped, typed, no pickle; the judge's side uses it too
- `namespaces.py`: gives up what the process can see and do
- `syscalls.py`: the system calls that a submission may make
"""
