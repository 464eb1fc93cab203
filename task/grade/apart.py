# Runs an answer's code in one process and its tests in another, which passes values
# only: a test gets the results of functions as plain lists, numbers and texts made
# anew, and cannot be reached by what they were made of. The answer's process comes
# first and has nothing of the tests: these, and the secret that is written out once
# they have passed, are read from standard input by the other one.
import builtins
import collections
import datetime
import decimal
import fractions
import importlib
import json
import os
import signal
import sys
import types

PLAIN = (str, bool, float, type(None))
MODULES = frozenset(
    "abc array base64 bisect calendar cmath collections copy dataclasses datetime decimal enum fractions functools hashlib "
    "heapq itertools json math numbers operator queue random re statistics string struct sys textwrap time typing "
    "unicodedata zlib".split()
)
# Names of the language that an answer may give the tests. Its others, such as eval, are
# called in its own process: in that of the tests they would run what it likes.
PASSED = frozenset(
    "abs all any ascii bin bool bytearray bytes callable chr complex dict divmod enumerate filter float format frozenset "
    "hash hex int isinstance issubclass iter len list map max min next object oct ord pow range repr reversed round set "
    "slice sorted str sum tuple zip".split()
)
VIEWS = {"keys": type({}.keys()), "values": type({}.values()), "items": type({}.items())}
LISTS = {"tuple": tuple, "set": set, "frozenset": frozenset, "deque": collections.deque, "list": list}
DICTS = {"Counter": collections.Counter, "OrderedDict": collections.OrderedDict, "dict": dict}
CHANGED = (list, dict, set, bytearray, collections.deque, collections.Counter, collections.OrderedDict)


def is_plain(x):
    return type(x) in PLAIN or type(x) is int and -(1 << 63) <= x < 1 << 63


class Remote:
    """An object of the other process. It tells nothing about the test to what it
    stands for: it is equal to itself alone, and neither compares nor computes."""

    __slots__ = ("_end", "_number")
    __contains__ = None

    def __init__(self, end, number):
        object.__setattr__(self, "_end", end)
        object.__setattr__(self, "_number", number)

    def __call__(self, *args, **named):
        return self._end.ask("call", self._number, args, named)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self._end.ask("get", self._number, name)

    def __setattr__(self, name, value):
        self._end.ask("set", self._number, name, value)

    def __getitem__(self, key):
        return self._end.ask("item", self._number, key)

    def __setitem__(self, key, value):
        self._end.ask("put", self._number, key, value)

    def __len__(self):
        return self._end.ask("len", self._number)

    def __bool__(self):
        return self._end.ask("bool", self._number)

    def __iter__(self):
        return self._end.ask("iter", self._number)

    def __next__(self):
        more, value = self._end.ask("next", self._number)
        if not more:
            raise StopIteration
        return value

    def __str__(self):
        return self._end.ask("str", self._number)

    def __repr__(self):
        return self._end.ask("repr", self._number)


class Failed(Exception):
    """What the code raised, where that is no exception of the language."""


class End:
    """One end of the pipes between the processes. A closed one gives the other
    process no more of the objects that it hands over than calls of functions and
    what is no function's public attributes and elements."""

    def __init__(self, source, sink, closed):
        self.source, self.sink, self.closed = source, sink, closed
        self.objects, self.numbers = [], {}
        self.remotes, self.classes = {}, {}

    # Messages are a length in eight bytes and JSON.

    def send(self, message):
        text = json.dumps(message).encode("ascii")
        text = len(text).to_bytes(8, "little") + text
        while text:
            text = text[os.write(self.sink, text):]

    def receive(self):
        size = int.from_bytes(self.read(8), "little")
        return json.loads(self.read(size).decode("ascii"))

    def read(self, size):
        parts = []
        while size > 0:
            part = os.read(self.source, min(size, 1 << 20))
            if not part:
                raise EOFError("the code ended the program before its tests did")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    # Values.

    def pack(self, x):
        if is_plain(x):
            return x
        t = type(x)
        if t is int:
            return ["int", hex(x)]
        if t in (list, tuple) and all(is_plain(e) for e in x):
            return ["flat", t is list, list(x)]
        if t is Remote and x._end is self:
            return ["yours", x._number]
        return self.pack_more(x, t)

    def pack_more(self, x, t):
        for kind, view in VIEWS.items():
            if t is view:
                return ["view", kind, [self.pack(e) for e in x]]
        for base in (complex, decimal.Decimal, fractions.Fraction, range, datetime.timedelta):
            if isinstance(x, base):
                return self.pack_number(x, base)
        if isinstance(x, (datetime.date, datetime.time)) and getattr(x, "tzinfo", None) is None:
            return self.pack_time(x)
        if isinstance(x, (bytes, bytearray)):
            return ["bytes", isinstance(x, bytes), bytes(x).hex()]
        for name, base in DICTS.items():
            if isinstance(x, base):
                return ["pairs", name, [[self.pack(k), self.pack(v)] for k, v in base.items(x)]]
        for name, base in LISTS.items():
            if isinstance(x, base):
                limit = x.maxlen if name == "deque" else None
                return ["many", name, [self.pack(e) for e in base.__iter__(x)], limit]
        if isinstance(x, str):
            return str.__str__(x)
        if isinstance(x, float):
            return float.__mul__(x, 1.0)
        if isinstance(x, int):
            return self.pack(int.__add__(x, 0))
        return self.pack_object(x, t)

    def pack_number(self, x, base):
        if base is complex:
            return ["complex", x.real, x.imag]
        if base is decimal.Decimal:
            return ["decimal", str(x)]
        if base is fractions.Fraction:
            return ["fraction", hex(x.numerator), hex(x.denominator)]
        if base is range:
            return ["range", self.pack(x.start), self.pack(x.stop), self.pack(x.step)]
        return ["delta", x.days, x.seconds, x.microseconds]

    def pack_time(self, x):
        if isinstance(x, datetime.datetime):
            return ["datetime", x.year, x.month, x.day, x.hour, x.minute, x.second, x.microsecond]
        if isinstance(x, datetime.date):
            return ["date", x.year, x.month, x.day]
        return ["time", x.hour, x.minute, x.second, x.microsecond]

    def pack_object(self, x, t):
        name = getattr(x, "__name__", None)
        if t is types.ModuleType:
            return ["module", name]
        if type(name) is str and language(name) is x and (self.closed or passes(name)):
            return ["builtin", name]
        number = self.hand_over(x)
        if isinstance(x, type) and issubclass(x, BaseException):
            return ["error", number, name, base_of(x.__mro__)]
        return ["mine", number]

    def hand_over(self, x):
        number = self.numbers.get(id(x))
        if number is None:
            number = self.numbers[id(x)] = len(self.objects)
            self.objects.append(x)
        return number

    def unpack(self, m):
        if type(m) is not list:
            return m
        return getattr(self, "un_" + m[0])(*m[1:])

    def all(self, ms):
        return [self.unpack(m) for m in ms]

    def un_int(self, text):
        return int(text, 16)

    def un_flat(self, is_list, elements):
        if any(type(e) is list for e in elements):
            raise ValueError("no flat list")
        return list(elements) if is_list else tuple(elements)

    def un_view(self, kind, elements):
        values = self.all(elements)
        if kind == "keys":
            return dict.fromkeys(values).keys()
        return dict(values).items() if kind == "items" else dict(enumerate(values)).values()

    def un_complex(self, real, imag):
        return complex(real, imag)

    def un_decimal(self, text):
        return decimal.Decimal(text)

    def un_fraction(self, above, below):
        return fractions.Fraction(int(above, 16), int(below, 16))

    def un_range(self, *parts):
        return range(*self.all(parts))

    def un_delta(self, *parts):
        return datetime.timedelta(*parts)

    def un_datetime(self, *parts):
        return datetime.datetime(*parts)

    def un_date(self, *parts):
        return datetime.date(*parts)

    def un_time(self, *parts):
        return datetime.time(*parts)

    def un_bytes(self, fixed, text):
        return bytes.fromhex(text) if fixed else bytearray.fromhex(text)

    def un_pairs(self, name, pairs):
        return DICTS[name]({self.unpack(k): self.unpack(v) for k, v in pairs})

    def un_many(self, name, elements, limit):
        values = self.all(elements)
        return collections.deque(values, limit) if name == "deque" else LISTS[name](values)

    def un_module(self, name):
        if name not in MODULES:
            raise ImportError("the code has imported %s, which tests may not use" % name)
        return importlib.import_module(name)

    def un_builtin(self, name):
        if self.closed and not passes(name):
            raise ValueError("the code has given %s, which tests may not use" % name)
        return language(name)

    def un_yours(self, number):
        return self.objects[number]

    def un_mine(self, number):
        if number not in self.remotes:
            self.remotes[number] = Remote(self, number)
        return self.remotes[number]

    def un_error(self, number, name, base):
        if name not in self.classes:
            self.classes[name] = type(name, (exception(base) or Exception,), {})
        return self.classes[name]

    # Questions and answers.

    def ask(self, what, number, *rest):
        args = rest[0] if what == "call" else rest
        named = rest[1] if what == "call" else {}
        self.send([what, number, [self.pack(a) for a in args], {k: self.pack(v) for k, v in named.items()}])
        return self.wait(args, named)

    def wait(self, args=(), named={}):
        while True:
            m = self.receive()
            if m[0] == "=":
                for key, value in m[2]:
                    replace(args[key] if type(key) is int else named[key], self.unpack(value))
                return self.unpack(m[1])
            if m[0] == "!":
                raise self.failure(*m[1:])
            self.serve(m)

    def serve(self, m):
        try:
            reply = self.reply(*m)
        except BaseException as e:
            reply = self.failed(e)
        self.send(reply)

    def reply(self, what, number, args, named):
        before = list(enumerate(args)) + list(named.items())
        args, named = self.all(args), {k: self.unpack(v) for k, v in named.items()}
        value = self.pack(self.do(what, self.objects[number], args, named))
        changes = []
        for key, old in before:
            arg = args[key] if type(key) is int else named[key]
            if type(arg) in CHANGED:
                new = self.pack(arg)
                if new != old:
                    changes.append([key, new])
        return ["=", value, changes]

    def do(self, what, x, args, named):
        if what == "call":
            return x(*args, **named)
        if self.closed and not open_to(what, x, args):
            raise AttributeError("this is of the tests")
        if what == "next":
            for value in x:
                return True, value
            return False, None
        if what == "get":
            return getattr(x, *args)
        if what == "set":
            return setattr(x, *args)
        if what == "item":
            return x[args[0]]
        if what == "put":
            x[args[0]] = args[1]
            return None
        return {"len": len, "bool": bool, "iter": iter, "str": str, "repr": repr}[what](x)

    def failed(self, e):
        try:
            return ["!", [c.__name__ for c in type(e).__mro__], self.pack(e.args), str(e)]
        except BaseException:
            return ["!", ["Exception"], ["flat", False, []], "an exception without a text"]

    def failure(self, names, args, text):
        for name in names:
            c = self.classes.get(name) or exception(name)
            if c is None or c is Exception:
                continue
            try:
                e = c(*self.unpack(args))
                if str(e) == text:
                    return e
            except Exception:
                pass
            return c(text)
        return Failed("%s: %s" % (names[0], text))


def language(name):
    """The function or class of the language with that name, or None."""
    x = None if name.startswith("_") else getattr(builtins, name, None)
    return x if isinstance(x, (type, types.BuiltinFunctionType)) else None


def exception(name):
    """The exception of the language with that name, or None: not that which ends a
    loop, as the tests may have one around a call."""
    x = language(name)
    return x if isinstance(x, type) and issubclass(x, Exception) and x is not StopIteration else None


def passes(name):
    return name in PASSED or exception(name) is not None


def base_of(mro):
    for c in mro:
        if exception(c.__name__) is c:
            return c.__name__
    return "Exception"


def open_to(what, x, args):
    """Whether the answer may do that with an object that the tests have given it."""
    if what == "call":
        return callable(x)
    if callable(x) or isinstance(x, (Remote, End)):
        return False
    return what not in ("get", "set") or type(x).__module__ == "__main__" and not args[0].startswith("_")


def replace(old, new):
    """Gives an argument of a call the contents that the call has given it."""
    if type(old) is not type(new) or type(old) not in CHANGED:
        return
    if isinstance(old, (list, bytearray)):
        old[:] = new
        return
    old.clear()
    (old.extend if isinstance(old, collections.deque) else old.update)(new)


def answer(end):
    """Is the answer's process."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    end.hand_over(module.__dict__)
    try:
        with open("program.py", "rb") as file:
            code = compile(file.read(), os.path.abspath("program.py"), "exec", dont_inherit=True)
        exec(code, module.__dict__)
        end.send(["=", None, []])
    except BaseException as e:
        end.send(end.failed(e))
    while True:
        end.serve(end.receive())


def names(code):
    found = set(code.co_names)
    for c in code.co_consts:
        if isinstance(c, types.CodeType):
            found |= names(c)
    return found


def tests(end):
    """Is the process of the tests, and returns the secret once they have passed."""
    del sys.path[0]  # where the answer can put files
    given = b""
    while True:
        part = os.read(0, 1 << 20)
        if not part:
            break
        given += part
    given = json.loads(given.decode("utf-8"))
    text = given["tests"]
    try:
        end.wait()
        space = {"__name__": "__main__", "__builtins__": builtins}
        exec(compile(given["before"], "prompt.py", "exec", dont_inherit=True), space)
        code = compile(text, "tests.py", "exec", dont_inherit=True)
        for name in sorted(names(code)):
            if name == given["name"] or not (name in space or hasattr(builtins, name) or name.startswith("__")):
                take(end, name, space)
        exec(code, space)
    except Exception:
        import linecache
        import traceback

        linecache.cache["tests.py"] = (len(text), None, text.splitlines(True), "tests.py")
        traceback.print_exc()
        sys.exit(1)
    return given["secret"].encode("ascii")


def take(end, name, space):
    """Gives the tests a name of the answer's, if that has it."""
    try:
        space[name] = end.ask("item", 0, name)
    except (KeyError, ImportError):
        pass


def start():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no exception that comes from outside
    there, here = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(there[1])
        os.close(here[0])
        try:
            answer(End(there[0], here[1], False))
        finally:
            os._exit(0)
    os.close(there[0])
    os.close(here[1])
    secret = tests(End(here[0], there[1], True))
    os.kill(child, signal.SIGKILL)
    os.write(1, secret)


start()
