"""Processes that are measured from outside: commands, functions in a child, servers."""
import http.client
import multiprocessing
import os
import pathlib
import socket
import subprocess
import time
import traceback

MIB = 1 << 20


class Failure(Exception):
    """Something that the reader of the table must know; its text is shown without a traceback."""


def peak_mib(pid="self"):
    """The highest resident memory of a process so far, of which the kernel keeps count."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise Failure(f"process {pid} has ended")


def run(args):
    """Runs a command; gives its output, seconds and peak memory in MiB.

    It is started by a small process: the kernel counts the memory of the one that starts it, too.
    """
    return in_child(_run, list(map(str, args)))[0]


def _run(args):
    start = time.monotonic()
    process = _open(args, stdout=subprocess.PIPE)
    output = process.stdout.read()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failure(f"{' '.join(args)}: exit {process.returncode}")
    return output, time.monotonic() - start, usage.ru_maxrss / 1024


def _open(args, **streams):
    try:
        return subprocess.Popen([str(arg) for arg in args], **streams)
    except FileNotFoundError:
        raise Failure(f"{args[0]} is not there; build it, or run scripts/setup-peers") from None


def in_child(function, *args):
    """Calls a function in a fresh Python; gives its result and that process's peak memory in MiB.

    An engine that lives in the Python process is measured so: its memory is the process's, from the
    interpreter up, and nothing of one phase is left over in the next.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(sender, function, args),
                            daemon=True)
    child.start()
    sender.close()
    try:
        result, peak, error = receiver.recv()
    except EOFError:
        result, peak, error = None, None, f"{function.__name__}: the process died"
    child.join()
    if error:
        raise Failure(error)
    return result, peak


def _child(sender, function, args):
    try:
        sender.send((function(*args), peak_mib(), None))
    except Failure as error:
        sender.send((None, None, str(error)))
    except ModuleNotFoundError as error:
        sender.send((None, None, f"{error}; run scripts/setup-peers"))
    except Exception:
        sender.send((None, None, traceback.format_exc()))


def files(directory):
    """Path and status of each file under a directory, in which a server may be removing some."""
    for parent, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            try:
                yield path, os.stat(path)
            except FileNotFoundError:
                pass


def disk_bytes(directory):
    """The bytes that the files under a directory take on the disk."""
    return sum(status.st_blocks * 512 for _, status in files(directory))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server of the benchmark's own: started on a free port, and stopped whatever happens."""

    def __init__(self, args, port, log, alive):
        """Starts `args`, and waits until it answers a GET of the path `alive`."""
        self.port = port
        self.log = pathlib.Path(log)
        with open(log, "wb") as file:
            self.process = _open(args, stdout=file, stderr=subprocess.STDOUT)
        try:
            self._wait(alive)
        except BaseException:
            self.stop()
            raise

    def _wait(self, alive, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.request("GET", alive)
                return
            except (OSError, http.client.HTTPException, Failure):
                time.sleep(0.05)
        tail = self.log.read_text(errors="replace")[-500:]
        raise Failure(f"{self.process.args[0]} did not start:\n{tail}")

    def connect(self, timeout=3600):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, body=None, connection=None):
        """The body of the answer; any status but 2xx is a failure."""
        own = connection is None
        connection = connection or self.connect()
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            if own:
                connection.close()
        if answer.status // 100 != 2:
            raise Failure(f"{method} {path[:200]}: {answer.status} {text[:300]}")
        return text

    def peak_mib(self):
        return peak_mib(self.process.pid)

    def reset_peak(self):
        """Begins the count of the highest memory anew, at what is resident now."""
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def stop(self):
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
