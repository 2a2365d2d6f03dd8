"""Makes the place that runsc is started in, holds it at the door, and tells how it ended.

Speaks as bwrap does: {"child-pid": n} and {"exit-code": n} on one descriptor, waits for a byte on another. What is started is
process 1 of a namespace of processes, so that everything dies with it, and root of a namespace of users that has nothing but
the ids that it is given. Called by the engine as `python3 -I -S -B enter.py ORDER PROGRAM ARGUMENT...`; ORDER is JSON:

  users    pairs of ids: inside, and on the host
  outlives whether this may outlive who started it
  block    descriptor that is waited for
  status   descriptor that is told on
  channel  descriptor that becomes standard input, or null
  binds    folders of the host, each with the folder that it is shown at
"""

import json
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from kernel_calls import PR_SET_PDEATHSIG, die_with, libc, must, write

MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 0x1000, 0x4000, 0x40000
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID = 0x00020000, 0x10000000, 0x20000000
SIGNALS_FROM = 128


def map_users(users):
    """Enters the namespaces. Only who is outside may map ids that are not its own, so a child that stays there does it."""
    ids = "\n".join("%d %d 1" % (inside, outside) for inside, outside in users)
    own = os.getpid()
    ready = os.pipe()
    helper = os.fork()
    if helper == 0:
        os.read(ready[0], 1)
        if os.getuid() != 0:
            write("/proc/%d/setgroups" % own, "deny")
        write("/proc/%d/uid_map" % own, ids)
        write("/proc/%d/gid_map" % own, ids)
        os._exit(0)
    must(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID), "unshare")
    os.write(ready[1], b"x")
    if os.waitpid(helper, 0)[1] != 0:
        raise OSError(1, "users: not mapped")
    for end in ready:
        os.close(end)


def become_root(users):
    if len(users) > 1:
        os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def begin(order, program):
    """The first process inside, until it becomes the program."""
    must(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    must(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "private")
    for source, target in order["binds"]:
        must(libc.mount(source.encode(), target.encode(), None, MS_BIND | MS_REC, None), "bind " + source)
    flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
    must(libc.mount(b"proc", b"/proc", b"proc", flags, None), "proc")
    if os.read(order["block"], 1) != b"x":
        os._exit(1)  # the engine is gone
    if order["channel"] is not None:
        os.dup2(order["channel"], 0)
    os.closerange(3, 65536)
    os.execve(program[0], program, {"PATH": "/usr/bin:/bin"})


def main():
    order, program = json.loads(sys.argv[1]), sys.argv[2:]
    starter = os.getppid()
    map_users(order["users"])
    become_root(order["users"])
    if not order["outlives"]:
        die_with(starter)
    child = os.fork()
    if child == 0:
        try:
            begin(order, program)
        except OSError as error:
            sys.stderr.write("enter: %s\n" % error)
            os._exit(SIGNALS_FROM)
    os.write(order["status"], b'{"child-pid": %d}\n' % child)
    ended = os.waitpid(child, 0)[1]
    if os.WIFEXITED(ended):
        os.write(order["status"], b'{"exit-code": %d}\n' % os.WEXITSTATUS(ended))


try:
    main()
except OSError as error:
    sys.stderr.write("enter: %s\n" % error)
    sys.exit(70)
