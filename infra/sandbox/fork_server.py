"""Starts programs for the engine, in milliseconds: to fork, a process has to be copied, and the engine is large.

Started by the engine as `python3 -I -S -B fork_server.py KEEPS`; ends when the engine closes the input, or dies. Reads a line of
JSON for each order on standard input and answers by lines of JSON on standard output.

  {"start": id, "argv": [...], "name": what it is called, "descriptors": [...], "mounts": [...], "for": uid or null, "also": uid or null,
   "become": uid or null, "outlives": bool}
      descriptors: for each of the program's, by number, null or {"path", "as"}: opened to "read", to "write", as "place", as the other
      end of a socket that listens ("socket"), or one of the two below ("block", "status"). for, also and mounts: see stage.py.
  {"release": id, "pid": process, "limits": [{"name", "soft", "hard"}, ...]}
      puts limits of getrlimit(2) on the process, then writes to the descriptor that the program has as "block"; both may be absent.
      Where limits cannot be put on, the process is killed.
  {"drop": id}
      kills the program.

  {"id", "pid"}        it is there, and its descriptors are its own
  {"id", "status"}     words that it wrote to the descriptor that it has as "status"
  {"id", "ended"}      it has ended; with "fault", why it did not start, or was killed here

KEEPS is "everything" where programs inherit what this inherited, which only tests want.
"""

import contextlib
import fcntl
import json
import os
import resource
import selectors
import signal
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kernel_calls import become, die_with
from stage import stage

READ_BYTES = 65536
NOT_STARTED = 70
# A pipe whose reader is gone is not waited for.
flags = {"read": os.O_RDONLY, "write": os.O_WRONLY | os.O_NONBLOCK, "place": os.O_PATH}


class Child:
    """A program, and this side of what it is held and heard by."""

    def __init__(self, pid, name, user, block, status):
        self.pid = pid
        self.name = name
        self.user = user
        self.block = block
        self.status = status
        self.has_exited = False
        self.fault = None


def opened(source, own):
    """A descriptor of this process for one that a program is to have."""
    kind = source["as"]
    if kind in own:
        return own[kind]
    if kind != "socket":
        descriptor = os.open(source["path"], flags[kind])
        if kind == "write":
            os.set_blocking(descriptor, True)
        return descriptor
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(source["path"])
        return end.detach()


def close_all_from(first):
    for name in os.listdir("/proc/self/fd"):
        try:
            if int(name) >= first:
                os.close(int(name))
        except OSError:
            pass  # the listing's own


def lay(descriptors, keeps):
    """Gives descriptors their numbers in the program, and closes what it is not to have."""
    # Above all numbers that are given, so that none is written over before its turn.
    above = [None if each is None else fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, len(descriptors)) for each in descriptors]
    for number, each in enumerate(above):
        if each is not None:
            os.dup2(each, number)
        elif not keeps:
            os.closerange(number, number + 1)
    if not keeps:
        close_all_from(len(descriptors))


@contextlib.contextmanager
def appearing_as(user):
    """Takes a user's real ids: without CAP_SYS_RESOURCE a process sets limits only of processes that have its own."""
    if user is None:
        yield
        return
    own = os.getuid(), os.getgid()
    os.setresgid(user, -1, -1)
    os.setresuid(user, -1, -1)
    try:
        yield
    finally:
        os.setresuid(own[0], -1, -1)
        os.setresgid(own[1], -1, -1)


def bind(user, pid, limits):
    """Puts limits on a user's process that waits, and on what it starts later; where it cannot, ends it and says why."""
    try:
        with appearing_as(user):
            for limit in limits:
                which = getattr(resource, "RLIMIT_" + limit["name"].upper())
                resource.prlimit(pid, which, (limit["soft"], limit["hard"]))
    except ProcessLookupError:
        pass  # it has gone first
    except (OSError, ValueError) as error:
        end(pid)
        return "its limits cannot be put on: %s" % error
    return None


def end(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def turn_into(order, descriptors, server, keeps):
    """The rest of the child's life here."""
    doing = "start"
    try:
        signal.set_wakeup_fd(-1)
        # What Python ignores, its children would ignore too.
        for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        if not order["outlives"]:
            die_with(server)
        lay(descriptors, keeps)
        if order["mounts"]:
            doing = "stage"
            stage(order["mounts"], order["for"], order["also"])
            doing = "start"
        if order["become"] is not None:
            become(order["become"])
        if not order["outlives"]:
            die_with(server)
        program, *words = order["argv"]
        os.execve(program, [order["name"], *words], dict(os.environ))
    except BaseException as error:
        os.write(2, ("%s: %s\n" % (doing, error)).encode())
    finally:
        os._exit(NOT_STARTED)


class Server:
    def __init__(self, keeps):
        self.keeps = keeps
        self.pid = os.getpid()
        self.children = {}
        self.by_name = {}
        self.heard = b""
        self.selector = selectors.DefaultSelector()
        woken, wake = os.pipe()
        for end in (woken, wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self.selector.register(0, selectors.EVENT_READ, self.hear)
        self.selector.register(woken, selectors.EVENT_READ, lambda: self.reap(woken))

    def serve(self):
        while True:
            for key, _ in self.selector.select():
                key.data()

    def tell(self, **words):
        sys.stdout.write(json.dumps(words) + "\n")
        sys.stdout.flush()

    def hear(self):
        heard = os.read(0, READ_BYTES)
        if not heard:
            sys.exit(0)  # the engine is gone: what it started goes with this
        *lines, self.heard = (self.heard + heard).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "start" in order:
                self.start(order)
            elif "drop" in order:
                self.drop(self.by_name.get(order["drop"]))
            else:
                self.release(self.by_name.get(order["release"]), order)

    def start(self, order):
        ours, theirs, given = {}, {}, []
        try:
            theirs["block"], ours["block"] = os.pipe()
            ours["status"], theirs["status"] = os.pipe()
            for source in order["descriptors"]:
                given.append(None if source is None else opened(source, theirs))
            pid = os.fork()
        except OSError as error:
            given += ours.values()
            self.tell(id=order["start"], ended=True, fault="%s" % error)
        else:
            if pid == 0:
                turn_into(order, given, self.pid, self.keeps)
            child = Child(pid, order["start"], order["become"], ours["block"], ours["status"])
            self.children[pid] = self.by_name[child.name] = child
            self.selector.register(child.status, selectors.EVENT_READ, lambda: self.listen(child))
            self.tell(id=child.name, pid=pid)
        finally:
            for descriptor in {each for each in (*given, *theirs.values()) if each is not None}:
                os.close(descriptor)

    def release(self, child, order):
        if child is None or child.block is None:
            return
        child.fault = bind(child.user, order.get("pid"), order.get("limits", []))
        try:
            os.write(child.block, b"x")
        except BrokenPipeError:
            pass  # it has gone first
        os.close(child.block)
        child.block = None

    def drop(self, child):
        if child is not None and not child.has_exited:
            end(child.pid)

    def listen(self, child):
        words = os.read(child.status, READ_BYTES)
        if words:
            self.tell(id=child.name, status=words.decode(errors="replace"))
            return
        self.selector.unregister(child.status)
        os.close(child.status)
        child.status = None
        self.end_where_over(child)

    def reap(self, woken):
        os.read(woken, READ_BYTES)
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return  # there are none
            if pid == 0:
                return
            child = self.children.pop(pid)  # now that it is reaped, another one may get its number
            child.has_exited = True
            self.end_where_over(child)

    def end_where_over(self, child):
        if not child.has_exited or child.status is not None:
            return
        if child.block is not None:
            os.close(child.block)
        del self.by_name[child.name]
        self.tell(id=child.name, ended=True, fault=child.fault)


def main():
    keeps = sys.argv[1] == "everything"
    if not keeps:
        close_all_from(3)
    os.setsid()  # what a terminal sends the engine is the engine's to answer
    os.chdir("/")
    try:
        Server(keeps).serve()
    except BrokenPipeError:
        pass  # as where the input ends


main()
