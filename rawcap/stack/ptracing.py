"""The system calls of a command and of all that it starts, without privilege (ptrace(2), seccomp(2)).

The kernel stops a thread before and after a call of interest, and rawcap looks at it meanwhile: the arguments, the
memory they point to, and the socket are as they are at that moment. Calls that have nothing to do with sockets do not
stop it, as a filter in the kernel lets them pass (SECCOMP_RET_TRACE). Where that filter may not be installed every call
stops, which is slower and tells the same. A program that is linked statically is followed like any other.

A thread that is stopped twice for each of its calls is slow at those: so where the kernel's own tracepoints tell of the
calls that move data, only the others are looked at here (`wanted`).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import signal
import struct
import time
from collections.abc import Callable, Collection, Sequence

from rawcap.live.errors import LiveError
from rawcap.live.linux import libc
from rawcap.stack.calls import (
    CONTROL,
    DATA,
    FOLLOWED,
    Call,
    Ended,
    Executed,
    Forked,
    Observation,
    Return,
    at_entry,
    at_return,
    descriptors,
    process_of,
    program_of,
)

EVERYTHING = CONTROL | DATA | FOLLOWED
"""The calls that are followed where nothing else tells of them."""

# asm/unistd.h of the 64-bit interfaces
_X86_64 = {
    "read": 0,
    "write": 1,
    "close": 3,
    "readv": 19,
    "writev": 20,
    "dup": 32,
    "dup2": 33,
    "sendfile": 40,
    "socket": 41,
    "connect": 42,
    "accept": 43,
    "sendto": 44,
    "recvfrom": 45,
    "sendmsg": 46,
    "recvmsg": 47,
    "shutdown": 48,
    "bind": 49,
    "listen": 50,
    "getsockname": 51,
    "getpeername": 52,
    "socketpair": 53,
    "setsockopt": 54,
    "getsockopt": 55,
    "fcntl": 72,
    "splice": 275,
    "accept4": 288,
    "dup3": 292,
    "recvmmsg": 299,
    "sendmmsg": 307,
    "io_uring_setup": 425,
    "close_range": 436,
}
_AARCH64 = {
    "dup": 23,
    "dup3": 24,
    "fcntl": 25,
    "close": 57,
    "read": 63,
    "write": 64,
    "readv": 65,
    "writev": 66,
    "sendfile": 71,
    "splice": 76,
    "socket": 198,
    "socketpair": 199,
    "bind": 200,
    "listen": 201,
    "accept": 202,
    "connect": 203,
    "getsockname": 204,
    "getpeername": 205,
    "sendto": 206,
    "recvfrom": 207,
    "setsockopt": 208,
    "getsockopt": 209,
    "shutdown": 210,
    "sendmsg": 211,
    "recvmsg": 212,
    "accept4": 242,
    "recvmmsg": 243,
    "sendmmsg": 269,
    "io_uring_setup": 425,
    "close_range": 436,
}
_MACHINES = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _AARCH64)}  # linux/audit.h: AUDIT_ARCH_…

# linux/ptrace.h
_CONT, _SYSCALL, _SEIZE, _LISTEN = 7, 24, 0x4206, 0x4208
_GETEVENTMSG, _GET_SYSCALL_INFO = 0x4201, 0x420E
_SYSGOOD, _FORK, _VFORK, _CLONE, _EXEC, _SECCOMP, _EXITKILL = 1, 2, 4, 8, 16, 128, 0x100000
_OPTIONS = _SYSGOOD | _FORK | _VFORK | _CLONE | _EXEC | _SECCOMP | _EXITKILL
_EVENT_FORK, _EVENT_VFORK, _EVENT_CLONE, _EVENT_EXEC, _EVENT_SECCOMP, _EVENT_STOP = 1, 2, 3, 4, 7, 128
_SYSCALL_STOP = signal.SIGTRAP | 0x80
_ENTRY, _EXIT, _FILTERED = 1, 2, 3  # PTRACE_SYSCALL_INFO_…
_INFO = struct.Struct("=B3xI16xQ6Q")  # struct ptrace_syscall_info up to the arguments
_RESULT = struct.Struct("=q")
_RESULT_AT = 24

# linux/seccomp.h, linux/filter.h, linux/prctl.h, linux/wait.h
_RET_TRACE, _RET_ALLOW = 0x7FF00000, 0x7FFF0000
_LOAD, _JUMP_EQUAL, _RET = 0x20, 0x15, 0x06  # BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 1, 22, 38, 2
_WNOTHREAD, _WALL = 0x20000000, 0x40000000

_F_DUPFD, _F_DUPFD_CLOEXEC = 0, 1030
_STOPPING = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
_FOLLOWED, _ALONE, _FILTER_REFUSED, _CANNOT_RUN = b"g", b"a", b"f", b"x"

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit statuses of a command that could not be run, as a shell gives them."""

_ptrace = ctypes.CDLL(None, use_errno=True).ptrace
_ptrace.restype = ctypes.c_long
_ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)


def _request(kind: int, tid: int, address: int = 0, data: int | ctypes.Array[ctypes.c_char] = 0) -> int:
    """ptrace(2); raises OSError."""
    where = data if isinstance(data, int) else ctypes.addressof(data)
    result = int(_ptrace(kind, tid, address, where))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def machine() -> tuple[int, dict[str, int]]:
    """The kernel's number of this machine's system call interface, and those of the calls.

    Raises LiveError on an architecture whose numbers are not known here.
    """
    try:
        return _MACHINES[platform.machine()]
    except KeyError:
        raise LiveError(f"system calls of {platform.machine()} are not known: x86_64 and aarch64 are") from None


def program(wanted: Collection[str]) -> bytes:
    """The seccomp filter (seccomp(2), classic BPF) that stops a thread at the `wanted` calls and no other.

    Of fcntl(2) only the duplication of descriptors stops. "sendto" and "recvfrom" with a colon after them,
    as in "sendto:", stand for those calls that have an address with them.
    """
    arch, numbers = machine()
    code = [(_LOAD, 0, 0, 4), (_JUMP_EQUAL, 1, 0, arch), (_RET, 0, 0, _RET_ALLOW), (_LOAD, 0, 0, 0)]
    for name in sorted(wanted):
        number = numbers.get(name.rstrip(":"))
        if number is None:
            continue  # an older call that this architecture never had
        if name == "fcntl":
            body = [(_LOAD, 0, 0, 24), (_JUMP_EQUAL, 1, 0, _F_DUPFD), (_JUMP_EQUAL, 0, 1, _F_DUPFD_CLOEXEC)]
            body += [(_RET, 0, 0, _RET_TRACE), (_RET, 0, 0, _RET_ALLOW)]
        elif name.endswith(":"):  # both halves of the fifth argument, a pointer
            body = [(_LOAD, 0, 0, 48), (_JUMP_EQUAL, 0, 2, 0), (_LOAD, 0, 0, 52), (_JUMP_EQUAL, 1, 0, 0)]
            body += [(_RET, 0, 0, _RET_TRACE), (_RET, 0, 0, _RET_ALLOW)]
        else:
            body = [(_RET, 0, 0, _RET_TRACE)]
        code += [(_JUMP_EQUAL, 0, len(body), number), *body]
    code.append((_RET, 0, 0, _RET_ALLOW))
    return b"".join(struct.pack("=HBBI", *each) for each in code)


class Ptracing:
    """A command that runs, and whose system calls are told to `take` as they happen.

    `start` begins it, from the thread that is to be its parent; `run` then follows it in one thread, until the command
    and all that it started have ended, and calls `take` from that thread. The command ends with the thread that
    started it, and with the one that runs `run`, however these end. `stdin` and `stdout` are descriptors that it gets
    as its standard input and output.
    """

    def __init__(
        self,
        command: Sequence[str],
        take: Callable[[Observation], object],
        wanted: Collection[str] = EVERYTHING,
        *,
        stdin: int | None = None,
        stdout: int | None = None,
    ) -> None:
        self._command = list(command)
        self._take = take
        self._arch, numbers = machine()
        self._names = {number: name for name, number in numbers.items()}
        self._stops = frozenset(name.rstrip(":") for name in wanted)
        self._filter = program(wanted)
        self._stdin = stdin
        self._stdout = stdout
        self._info = ctypes.create_string_buffer(88)
        self._resume = _CONT
        self._pending: dict[int, tuple[str, tuple[int, ...]]] = {}
        self._processes: dict[int, int] = {}  # of each thread
        self._early: set[int] = set()  # stopped before their parent told of them
        self._begun = False
        self._go = self._told = -1
        self.pid = 0
        self.exit_status: int | None = None
        """That of the command; 128 and the signal's number when it was killed by one; None while it runs."""
        self.problem = ""
        """Why the command could not be run, in one line."""
        self.refused = ""
        """Why the command may not be followed, in one line."""
        self.busy_since = 0
        """The time of an observation that may still be told; 0 when there is none."""
        self.filtered = True
        """Whether calls of no interest pass without a stop."""

    # -- the command's side ------------------------------------------------------------------------------------

    def start(self) -> int:
        """Start the command, which then waits for `run`; gives its process.  Raises LiveError."""
        waits, self._go = os.pipe2(os.O_CLOEXEC)
        self._told, tells = os.pipe2(os.O_CLOEXEC)
        parent = os.getpid()
        instructions = ctypes.create_string_buffer(self._filter, len(self._filter))
        # struct sock_fprog: the number of instructions, of eight octets each, and where they are
        fprog = ctypes.create_string_buffer(
            struct.pack("@HP", len(self._filter) // 8, ctypes.addressof(instructions)), struct.calcsize("@HP")
        )
        try:
            pid = os.fork()
        except OSError as error:
            for each in (waits, tells, self._go, self._told):
                os.close(each)
            raise LiveError(f"no process can be made: {(error.strerror or '').lower()}") from None
        if not pid:
            self._become(parent, waits, tells, ctypes.addressof(fprog))
        os.close(waits)
        os.close(tells)
        self.pid = pid
        return pid

    def _become(self, parent: int, waits: int, tells: int, fprog: int) -> None:
        """In the new process: wait until it is followed, then run the command."""
        status = NOT_EXECUTABLE
        try:
            os.close(self._go)  # who holds it keeps it open: the end of the parent is to be seen
            os.close(self._told)
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            how = os.read(waits, 1)
            if os.getppid() != parent or not how:
                os._exit(status)
            for each in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores, and its children would
                signal.signal(each, signal.SIG_DFL)
            if self._stdin is not None:
                os.dup2(self._stdin, 0)
            if self._stdout is not None:
                os.dup2(self._stdout, 1)
            if how == _FOLLOWED and not self._install(fprog):
                os.write(tells, _FILTER_REFUSED)
            os.execvp(self._command[0], self._command)
        except OSError as error:
            status = NOT_FOUND if error.errno == errno.ENOENT else NOT_EXECUTABLE
            with contextlib.suppress(OSError):
                os.write(tells, _CANNOT_RUN + (error.strerror or "").lower().encode())
        except BaseException:
            pass
        finally:
            os._exit(status)

    @staticmethod
    def _install(fprog: int) -> bool:
        """Have the filter; where only root may, renounce what set-user-ID programs could give (no_new_privs)."""
        set_filter = (_PR_SET_SECCOMP, _MODE_FILTER, ctypes.c_void_p(fprog), 0, 0)
        if libc.prctl(*set_filter) == 0:
            return True
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return int(libc.prctl(*set_filter)) == 0

    # -- the follower's side -----------------------------------------------------------------------------------

    def seize(self) -> bool:
        """Begin to follow, from the thread that will call `run`; false, and `refused` says why, where that may not be.

        The command then runs all the same, without being followed.
        """
        try:
            _request(_SEIZE, self.pid, 0, _OPTIONS)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            if error.errno == errno.EPERM:
                why = "this kernel, or the container it is in, permits no ptrace"
            self.refused = f"system calls of the command: {why}"
            return False
        self._processes[self.pid] = self.pid
        return True

    def run(self) -> None:
        """Follow the command and all that it starts until they have ended."""
        os.write(self._go, _ALONE if self.refused else _FOLLOWED)
        os.close(self._go)
        os.set_blocking(self._told, False)
        try:
            if self.refused:
                self._ended(self.pid, os.waitpid(self.pid, 0)[1], time.time_ns())
                return
            while True:
                try:
                    tid, status = os.waitpid(-1, _WALL | _WNOTHREAD)  # what this thread follows, and nobody else's
                except ChildProcessError:
                    return
                with contextlib.suppress(ProcessLookupError):  # killed while it was stopped: that is told next
                    now = self.busy_since = time.time_ns()
                    self._attend(tid, status, now)
                self.busy_since = 0
        finally:
            os.close(self._told)

    def kill(self) -> None:
        """End the command and all that it started, at once."""
        for pid in {self.pid, *self._processes.values()}:
            if self.exit_status is None or pid != self.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _attend(self, tid: int, status: int, now: int) -> None:
        if not os.WIFSTOPPED(status):
            self._ended(tid, status, now)
            return
        number, event = os.WSTOPSIG(status), status >> 16
        if event == _EVENT_SECCOMP or number == _SYSCALL_STOP:
            self._stopped_at_call(tid, now)
        elif event in (_EVENT_FORK, _EVENT_VFORK, _EVENT_CLONE):
            self._forked(tid, now)
        elif event == _EVENT_EXEC:
            self._executed(tid, now)
        elif event == _EVENT_STOP:
            if tid not in self._processes:
                self._early.add(tid)
            elif number in _STOPPING:
                _request(_LISTEN, tid)  # stopped it stays, as its user wants it
            else:
                self._go_on(tid)
        else:
            self._go_on(tid, 0 if event else number)

    def _go_on(self, tid: int, number: int = 0) -> None:
        _request(_SYSCALL if tid in self._pending else self._resume, tid, 0, number)

    def _stopped_at_call(self, tid: int, now: int) -> None:
        info = self._info
        _request(_GET_SYSCALL_INFO, tid, 88, info)
        kind, arch, number, *args = _INFO.unpack_from(info)
        if kind == _EXIT:
            pending = self._pending.pop(tid, None)
            if pending is not None and self._begun:
                name, before = pending
                (result,) = _RESULT.unpack_from(info, _RESULT_AT)
                pid = self._processes[tid]
                facts = at_return(pid, name, before, result)
                self._take(Return(now, pid, tid, name, result, facts))
        elif kind in (_ENTRY, _FILTERED) and arch == self._arch and self._names.get(number) in self._stops:
            if tid not in self._pending or kind == _FILTERED:
                name = self._names[number]
                pid = self._processes.get(tid, tid)
                if self._begun:
                    self._take(Call(now, pid, tid, name, tuple(args), at_entry(pid, name, tuple(args))))
                self._pending[tid] = name, tuple(args)
        self._go_on(tid)

    def _forked(self, tid: int, now: int) -> None:
        message = ctypes.create_string_buffer(8)
        _request(_GETEVENTMSG, tid, 0, message)
        child = int.from_bytes(message.raw, "little")
        parent = self._processes.get(tid, tid)
        pid = self._processes[child] = process_of(child)
        self._take(Forked(now, parent, pid, child))
        self._go_on(tid)
        if child in self._early:
            self._early.discard(child)
            with contextlib.suppress(ProcessLookupError):
                self._go_on(child)

    def _executed(self, tid: int, now: int) -> None:
        message = ctypes.create_string_buffer(8)
        _request(_GETEVENTMSG, tid, 0, message)
        before = int.from_bytes(message.raw, "little")
        if before != tid:  # a thread has become the process
            self._processes.pop(before, None)
            self._pending.pop(before, None)
        self._pending.pop(tid, None)
        self._processes[tid] = tid
        if not self._begun:
            self._begun = True
            self.filtered = self._message()[:1] != _FILTER_REFUSED
            self._resume = _CONT if self.filtered else _SYSCALL
        self._take(Executed(now, tid, program_of(tid), descriptors(tid)))
        self._go_on(tid)

    def _message(self) -> bytes:
        try:
            return os.read(self._told, 256)
        except BlockingIOError:
            return b""

    def _ended(self, tid: int, status: int, now: int) -> None:
        pid = self._processes.pop(tid, tid)
        self._pending.pop(tid, None)
        self._early.discard(tid)
        if tid == self.pid:
            code = os.waitstatus_to_exitcode(status)
            self.exit_status = code if code >= 0 else 128 - code
            if self.refused or not self._begun:
                why = self._message().lstrip(_FILTER_REFUSED)
                if why[:1] == _CANNOT_RUN:
                    self.problem = f"{self._command[0]} cannot be run: {why[1:].decode(errors='replace')}"
        self._take(Ended(now, pid, tid))
