"""An interpreter that has booted and imported once, and forks into sandboxes that the supervisor has made.

It holds privileges, to enter their namespaces, and runs nothing that a function brought. A fork enters, gives them up for
good, and then asks for its function like any interpreter that was booted ahead."""

import ctypes
import gc
import json
import os
import socket
import sys

sys.path.insert(0, "/var/runtime")
import bootstrap

# Where the supervisor's socket is.
SOCKET = 3
DESCRIPTORS_MAX = 32
PACKET_BYTES_MAX = 1 << 18

CLONE_NEWPID = 0x20000000
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 4, 22, 24, 38
SECCOMP_MODE_FILTER = 2
CAPABILITIES_MAX = 64

libc = ctypes.CDLL(None, use_errno=True)


class Program(ctypes.Structure):
    """A seccomp filter, as the kernel takes it."""

    _fields_ = [("instructions", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def call(name, *arguments):
    """A system call by its name in libc. Numbers are passed in full width: prctl takes longs."""
    wide = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments]
    if getattr(libc, name)(*wide) != 0:
        error = ctypes.get_errno()
        raise OSError(error, "%s: %s" % (name, os.strerror(error)))


def enter(request, descriptors, filters):
    """Becomes a process of the sandbox, with nothing of what the zygote may."""
    count = request["cgroups"]
    namespaces, cgroups = descriptors[1:6], descriptors[6 : 6 + count]
    streams = descriptors[6 + count : 9 + count]
    for cgroup in cgroups:
        os.write(cgroup, b"0")
    for namespace in namespaces:
        call("setns", namespace, 0)
    os.chdir(bootstrap.TASK_ROOT)
    os.setsid()
    os.umask(0o022)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    # Should memory run out, it is the function that goes, not the process that reports it.
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    user = request["uid"]
    for capability in range(CAPABILITIES_MAX):
        try:
            call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)
        except OSError:
            break  # The kernel knows no more.
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # As after an exec: its own files in /proc are its own.
    call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)
    for code in filters:
        program = Program(len(code) // 8, code)
        call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program))


def fork(conn, filters):
    """Serves the supervisor. Returns only in a fork that is where it belongs."""
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    while True:
        packet, descriptors, _, _ = socket.recv_fds(conn, PACKET_BYTES_MAX, DESCRIPTORS_MAX)
        if not packet:
            sys.exit(0)
        reply, between = descriptors[-1], None
        try:
            # Of the children from now on: the first one only makes the second, whom the sandbox's own first process inherits.
            call("setns", descriptors[0], CLONE_NEWPID)
            between = os.fork()
            if between == 0:
                child = os.fork()
                if child != 0:
                    os.write(reply, b"%d" % child)
                    os._exit(0)
                enter(json.loads(packet), descriptors, filters)
                os.closerange(3, PACKET_BYTES_MAX)
                return
        except BaseException as error:
            os.write(reply, b"!" + str(error).encode())
            if between == 0:
                os._exit(1)
        call("setns", own, CLONE_NEWPID)
        for descriptor in descriptors:
            os.close(descriptor)
        if between:
            os.waitpid(between, 0)


def main():
    conn = socket.socket(fileno=SOCKET)
    filters = [bytes(code) for code in json.loads(conn.recv(PACKET_BYTES_MAX))]
    bootstrap.set_up()
    bootstrap.preload()
    api = bootstrap.RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    api.ready()
    api.conn.close()
    # What is there by now stays: looking through it would only copy its pages.
    gc.collect()
    gc.freeze()
    fork(conn, filters)
    conn.detach()
    sys.modules.pop("__main__")
    bootstrap.run()


main()
