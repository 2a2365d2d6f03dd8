"""Mounts what is granted in a mount namespace of its own, which dies with the program that sees it: nothing of it is ever seen
on the host, and nothing is left.

`python3 -I -S -B stage.py ORDER PROGRAM ARGUMENT...` does so and becomes that program; ORDER is JSON:

  uid      as whom the program shall find the files; absent: as whom this runs, by a user namespace of its own
  first    descriptors from here on are closed
  mounts   as for stage()
"""

import ctypes
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kernel_calls import libc, must, write

AT_EMPTY_PATH = 0x1000
OPEN_TREE_CLONE = 1
MOVE_MOUNT_F_EMPTY_PATH = 0x4
MOUNT_ATTR_IDMAP = 0x00100000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
# Alike on every machine, since all are later than the numbers were made one.
OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442
O_PATH = os.O_PATH


def user_namespace(owner, uid, also):
    """A descriptor of a user namespace in which the owner's files look like the user's, and another's like its own."""
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        libc.unshare(CLONE_NEWUSER)
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    line = "%d %d 1" % (owner, uid)
    if also is not None:
        line += "\n%d %d 1" % (also, also)
    write("/proc/%d/uid_map" % child, line)
    write("/proc/%d/gid_map" % child, line)
    descriptor = os.open("/proc/%d/ns/user" % child, os.O_RDONLY)
    os.write(go[1], b"x")
    os.waitpid(child, 0)
    for end in ready + go:
        os.close(end)
    return descriptor


def found_again(descriptor):
    """The same folder, by the mounts of this namespace."""
    path = os.readlink("/proc/self/fd/%d" % descriptor)
    found = os.open(path, O_PATH | os.O_NOFOLLOW)
    if not os.path.samestat(os.fstat(found), os.fstat(descriptor)):
        raise OSError(2, path + ": moved while it was mounted")
    return found


def detached(mount, uid, also):
    """A mount that lies nowhere yet; to be taken in the namespace that the descriptor was opened in."""
    tree = must(libc.syscall(OPEN_TREE, mount["descriptor"], b"", AT_EMPTY_PATH | OPEN_TREE_CLONE), "open_tree")
    if uid is not None and mount["owner"] not in (None, uid):
        users = user_namespace(mount["owner"], uid, also)
        # struct mount_attr: set, clear, propagation, user namespace
        attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_IDMAP, 0, 0, users)
        must(libc.syscall(MOUNT_SETATTR, tree, b"", AT_EMPTY_PATH, attributes, 32), "mount_setattr")
        os.close(users)
    return tree


def place(mount, tree, uid):
    """Lays it at its target, and lets its descriptor name it."""
    descriptor, target = mount["descriptor"], mount["target"]
    must(libc.syscall(MOVE_MOUNT, tree, b"", -100, target.encode(), MOVE_MOUNT_F_EMPTY_PATH), "move_mount")
    os.close(tree)
    overlay = mount.get("overlay")
    if overlay is not None:
        options = "lowerdir=%s,upperdir=%s,workdir=%s" % (target, overlay["upper"], overlay["work"])
        if uid is None:
            options += ",userxattr"
        must(libc.mount(b"overlay", target.encode(), b"overlay", 0, options.encode()), "overlay")
    opened = os.open(target, O_PATH | os.O_NOFOLLOW)
    os.dup2(opened, descriptor, inheritable=True)
    os.close(opened)


def stage(mounts, uid, also):
    """Mounts each, and lets its descriptor name the mount.

    mounts   each: descriptor of what is mounted; target, a folder or a file made for it; owner, whose files look like the uid's, or
             None; overlay: upper and work, folders for what is written, over what is mounted, or None
    uid      whom it is for; None: who this is, by a user namespace of its own
    also     another user that makes files there and gives them away; None: nobody
    """
    if uid is None:
        own, group = os.getuid(), os.getgid()
        must(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare")
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", "%d %d 1" % (own, own))
        write("/proc/self/gid_map", "%d %d 1" % (group, group))
        for mount in mounts:
            os.dup2(found_again(mount["descriptor"]), mount["descriptor"])
    trees = [detached(mount, uid, also) for mount in mounts]
    if uid is not None:
        must(libc.unshare(CLONE_NEWNS), "unshare")
    must(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "private")
    for mount, tree in zip(mounts, trees):
        place(mount, tree, uid)


def main():
    order = json.loads(sys.argv[1])
    stage(order["mounts"], order.get("uid"), None)
    os.closerange(order["first"], 65536)
    os.execve(sys.argv[3], sys.argv[2:3] + sys.argv[4:], dict(os.environ))


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.stderr.write("stage: %s\n" % error)
        sys.exit(70)
