"""Runs one snippet of Python and ends. Everything here is the snippet's own to spoil: what it tells is checked outside.

Called as `python3 -c THIS` inside a sandbox. It says {"kind": "ready"} over descriptor 3, is given one snippet there, answers
{"kind": "ended"}, and ends. A message is two lengths (32 bit, little end first), a header in JSON, and bytes.

Given: header codeBytes, inputBytes; then code, standard input, and settings in JSON:
  variables   added to the environment
  seed        of `random`
  bounds      resource limits, by the name that they have in `resource`
  valueBytes  how long the value may be

Answered: header fault (null where it came to its end; else kind `raised`, `memory` or `large`, and reason) and hasValue; then the
value in JSON.
"""

import sys

# What lies in the work folder is the snippet's, not ours.
sys.path[:] = [each for each in sys.path if each]

import ast
import builtins
import io
import json
import linecache
import os
import random
import resource
import signal
import struct
import threading
import traceback
import types

CHANNEL = 3
NAME = "snippet"
REASON_LENGTH = 1000
PIECE = 1 << 20
# The engine outside, which watches the time, comes first; as in the threads of JavaScript.
NICENESS = 10


def read_exactly(count):
    parts = []
    while count:
        part = os.read(CHANNEL, min(count, PIECE))
        if not part:
            os._exit(0)  # whoever would have given a snippet is gone
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def read_message():
    header_bytes, body_bytes = struct.unpack("<II", read_exactly(8))
    return json.loads(read_exactly(header_bytes)), read_exactly(body_bytes)


def send(header, body=b"", write=os.write, pack=struct.pack, dumps=json.dumps):
    head = dumps(header).encode()
    rest = memoryview(pack("<II", len(head), len(body)) + head + body)
    while rest:
        rest = rest[write(CHANNEL, rest):]


def set_input(content):
    """A file in memory, that can be opened anew as /dev/stdin."""
    descriptor = os.memfd_create("stdin")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.dup2(descriptor, 0)
    os.close(descriptor)


def settle_in(settings, content):
    set_input(content)
    os.environ.update(settings["variables"])
    random.seed(settings["seed"])
    # A file that grows too large ends the program, as it ends others.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    for stream in sys.stdout, sys.stderr:
        stream.reconfigure(line_buffering=True)
    os.nice(NICENESS)
    for name, bound in settings["bounds"].items():
        resource.setrlimit(getattr(resource, name), (bound[0], bound[1]))


class Value:
    """What the snippet gives, as JSON; the last that it gave to `output`, else what it ends with."""

    def __init__(self):
        self.json = None

    def output(self, value):
        """Gives the result of this snippet: whatever JSON can say. The last call counts."""
        self.json = encoded(value)

    def end_with(self, value):
        if self.json is None and value is not None:
            self.json = encoded(value)


def encoded(value, dumps=json.dumps):
    options = {"allow_nan": False, "separators": (",", ":")}
    try:
        return dumps(value, ensure_ascii=False, **options).encode()
    except UnicodeEncodeError:  # half of a character can only be written as an escape
        return dumps(value, **options).encode()


def compiled(code):
    """The snippet in two parts: all but a last expression, and that expression or None."""
    tree = ast.parse(code, NAME)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = compile(ast.Expression(tree.body.pop().value), NAME, "eval")
    return compile(tree, NAME, "exec"), last


def execute(code, value):
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=builtins, output=value.output)
    sys.modules["__main__"] = main
    try:
        body, last = compiled(code)
    except (MemoryError, RecursionError):
        raise SyntaxError("the snippet is nested too deeply to be read") from None
    exec(body, main.__dict__)
    if last is not None:
        value.end_with(eval(last, main.__dict__))


def place_of(error):
    """The line of the snippet in which it went wrong; None where there is none."""
    if isinstance(error, SyntaxError) and error.filename == NAME:
        return "line %d, column %d" % (error.lineno, error.offset) if error.offset else "line %s" % error.lineno
    frames = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == NAME]
    return "line %d" % frames[-1] if frames else None


def fault_of(error):
    if isinstance(error, MemoryError):
        return {"kind": "memory", "reason": ""}
    if isinstance(error, SyntaxError) and error.filename == NAME:
        words = "%s: %s" % (type(error).__name__, error.msg)
    else:
        words = "".join(traceback.format_exception_only(type(error), error)).strip()
    place = place_of(error)
    words = " ".join(words.split())
    reason = words[:REASON_LENGTH] + ("" if place is None else " (%s)" % place)
    return {"kind": "raised", "reason": reason}


def print_fault(error):
    """As Python does, without the frames that are not the snippet's."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != NAME:
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


def code_of(left):
    """The exit code that SystemExit stands for."""
    if left.code is None:
        return 0
    if isinstance(left.code, int):
        return left.code & 0xFF
    print(left.code, file=sys.stderr)
    return 1


def end_threads():
    """What Python does before it ends: waits for threads, calls what was registered."""
    threading._shutdown()
    import atexit

    atexit._run_exitfuncs()


def flush():
    for stream in sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__:
        try:
            stream.flush()
        except Exception:
            pass  # closed, or replaced by something else


def run(code, value):
    """Exit code and fault."""
    try:
        execute(code, value)
        end_threads()
        return 0, None
    except SystemExit as left:
        return code_of(left), None
    except BaseException as error:
        try:
            fault = fault_of(error)
            print_fault(error)
        except BaseException as another:
            fault = {"kind": "memory" if isinstance(another, MemoryError) else "raised", "reason": "raised"}
        return 1, fault


def main():
    # Programs that the snippet starts have no business with it.
    os.set_inheritable(CHANNEL, False)
    send({"kind": "ready"})
    header, body = read_message()
    code_end = header["codeBytes"]
    input_end = code_end + header["inputBytes"]
    code = body[:code_end].decode()
    settings = json.loads(body[input_end:])
    settle_in(settings, body[code_end:input_end])
    linecache.cache[NAME] = (len(code), None, io.StringIO(code).readlines(), NAME)
    del body
    value = Value()
    exit_code, fault = run(code, value)
    flush()
    given = value.json if fault is None else None
    if given is not None and len(given) > settings["valueBytes"]:
        fault, given = {"kind": "large", "reason": ""}, None
    try:
        send({"kind": "ended", "fault": fault, "hasValue": given is not None}, given or b"")
    except OSError:
        pass  # the snippet closed the channel: nothing is told
    os._exit(exit_code)


main()
