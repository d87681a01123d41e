"""Runs a Lambda handler: loads it, then serves one request after the other over the Runtime API."""

import builtins
import json
import os
import sys
import time

# Without `site` these names are missing, and handlers use them.
builtins.exit = builtins.quit = sys.exit

import _socket  # The plain socket: the module around it costs more than a whole request.

TASK_ROOT = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
RUNTIME_DIR = os.environ.get("LAMBDA_RUNTIME_DIR", "/var/runtime")
SDK_DIR = RUNTIME_DIR + "/sdk-python"
BASE = "/2018-06-01/runtime"
# What the platform takes for a line break inside one log event.
BREAK_INSIDE = "\x1e"


class RuntimeApi:
    """One connection to the Runtime API, kept open."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.authority = address
        self.conn = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self.conn.connect((host, int(port)))
        self.conn.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self.buffer = b""

    def get(self, path):
        return self._exchange("GET", path, {}, b"")

    def post(self, path, headers, body):
        return self._exchange("POST", path, headers, body)

    def function(self):
        """Waits to be told which function this process serves."""
        return self._exchange("GET", "/clearsky/function", {}, b"", base="")

    def ready(self):
        """Says that this process can fork."""
        return self._exchange("POST", "/clearsky/ready", {}, b"", base="")

    def _exchange(self, method, path, headers, body, base=BASE):
        lines = ["%s %s%s HTTP/1.1" % (method, base, path), "Host: " + self.authority]
        lines += ["%s: %s" % item for item in headers.items()]
        lines.append("Content-Length: %d\r\n\r\n" % len(body))
        self.conn.sendall("\r\n".join(lines).encode("latin-1") + body)
        return self._answer()

    def _answer(self):
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "replace").split("\r\n")
        status = int(lines[0].split(" ", 2)[1])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        pieces, have = [self.buffer], len(self.buffer)
        while have < length:
            piece = self.conn.recv(1 << 16)
            if not piece:
                sys.exit(1)
            pieces.append(piece)
            have += len(piece)
        whole = b"".join(pieces)
        body, self.buffer = whole[:length], whole[length:]
        return status, headers, body

    def _more(self):
        piece = self.conn.recv(1 << 16)
        if not piece:
            sys.exit(1)
        self.buffer += piece


class Fault(Exception):
    """Something wrong with the function's code that Lambda has a name for."""

    def __init__(self, error_type, message, trace=()):
        super().__init__(message)
        self.error_type, self.trace = error_type, list(trace)


class Identity:
    """Who called through a mobile SDK."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self, given):
        given = given or {}
        self.cognito_identity_id = given.get("cognitoIdentityId")
        self.cognito_identity_pool_id = given.get("cognitoIdentityPoolId")


class Client:
    """The application of a client context."""

    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")

    def __init__(self, given):
        for name in self.__slots__:
            setattr(self, name, given.get(name))


class ClientContext:
    """What a mobile SDK says about its application."""

    __slots__ = ("custom", "env", "client")

    def __init__(self, given):
        self.custom, self.env = given.get("custom"), given.get("env")
        client = given.get("client")
        self.client = Client(client) if isinstance(client, dict) else None


class LambdaContext:
    """The handler's second argument."""

    def __init__(self, headers):
        env = os.environ.get
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.log_group_name = env("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = env("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = env("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = env("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        context, identity = headers.get("lambda-runtime-client-context"), headers.get("lambda-runtime-cognito-identity")
        self.client_context = ClientContext(json.loads(context)) if context else None
        self.identity = Identity(json.loads(identity) if identity else None)
        self._deadline_ms = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline_ms - int(time.time() * 1000), 0)

    def __repr__(self):
        return "LambdaContext([aws_request_id=%s, function_name=%s])" % (self.aws_request_id, self.function_name)


def load(handler):
    """The function that `module.function` names; slashes in the module are folders."""
    name, dot, function = handler.rpartition(".")
    if not dot or not name or not function:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % handler)
    module_name = name.replace("/", ".")
    try:
        import importlib

        module = importlib.import_module(module_name)
    except ImportError as error:
        message = "Unable to import module '%s': %s" % (name, error)
        raise Fault("Runtime.ImportModuleError", message + hint(error), []) from error
    except SyntaxError as error:
        where = '  File "%s" Line %s\n    %s\n' % (error.filename, error.lineno, (error.text or "").strip())
        raise Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (name, error), [where]) from error
    try:
        return getattr(module, function)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function, name)) from None


def hint(error):
    """What to do about an SDK that is not there."""
    missing = (getattr(error, "name", None) or "").partition(".")[0]
    if missing in ("boto3", "botocore", "s3transfer") and not os.path.isdir(SDK_DIR + "/" + missing):
        return " (the AWS SDK is not installed: run 'clearsky runtimes install sdk-python', or put it into the package)"
    return ""


def document(error, request_id):
    """The error document, and the type as the platform wants to know it."""
    if isinstance(error, Fault):
        name, trace = error.error_type, error.trace
    else:
        import traceback

        name, trace = type(error).__name__, traceback.format_tb(without_us(error.__traceback__))
    message = str(error)
    if isinstance(error, ImportError):
        message += hint(error)
    return {"errorMessage": message, "errorType": name, "requestId": request_id, "stackTrace": trace}


def without_us(trace):
    """The part of a traceback that is the function's own."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace


def report(result):
    """Prints an error as one log event."""
    text = "[ERROR] %s: %s" % (result["errorType"], result["errorMessage"])
    if result["stackTrace"]:
        text += "\nTraceback (most recent call last):\n" + "".join(result["stackTrace"]).rstrip("\n")
    print(text.replace("\n", BREAK_INSIDE), flush=True)


def encode(value):
    """The answer as JSON; from Python 3.12 on its text is not escaped, as in Lambda."""
    try:
        return json.dumps(value, default=refuse, ensure_ascii=sys.version_info < (3, 12)).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, default=refuse).encode("utf-8")
    except Exception as error:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error) from error


def refuse(value):
    """What JSON has no form for. Decimals are numbers, as DynamoDB answers with them."""
    if type(value).__name__ == "Decimal" and type(value).__module__ == "decimal":
        return float(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


class Current:
    """The request being served, for the log lines."""

    request_id = None


def set_up_logging(logging):
    """As Lambda does: the root logger has one handler whose lines carry the time and the request."""

    class OneEvent(logging.Formatter):
        converter = time.gmtime

        def format(self, record):
            record.aws_request_id = Current.request_id or ""
            return super().format(record).replace("\n", BREAK_INSIDE)

    handler = logging.StreamHandler(sys.stdout)
    form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    handler.setFormatter(OneEvent(form, "%Y-%m-%dT%H:%M:%S"))
    logging.root.addHandler(handler)


class LoggingOnDemand:
    """Sets logging up when it is first imported: it costs milliseconds, and many functions never log with it."""

    def find_spec(self, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path)
        spec = next(spec for spec in found if spec is not None)
        execute = spec.loader.exec_module

        def execute_and_set_up(module):
            execute(module)
            set_up_logging(module)

        spec.loader.exec_module = execute_and_set_up
        return spec


def serve(api, handler):
    while True:
        status, headers, body = api.get("/invocation/next")
        if status != 200:
            sys.exit(1)
        request_id = Current.request_id = headers["lambda-runtime-aws-request-id"]
        trace = headers.get("lambda-runtime-trace-id")
        if trace:
            os.environ["_X_AMZN_TRACE_ID"] = trace
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        path = "/invocation/" + request_id
        try:
            try:
                event = json.loads(body or b"null")
            except ValueError as error:
                raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error) from error
            answer = encode(handler(event, LambdaContext(headers)))
            flush()
            api.post(path + "/response", {"Content-Type": "application/json"}, answer)
        except Exception as error:
            result = document(error, request_id)
            report(result)
            flush()
            headers = {"Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": result["errorType"]}
            api.post(path + "/error", headers, json.dumps(result).encode("utf-8"))


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass  # The function closed it.


def become_function(api):
    """Of a process that was booted ahead: waits for its function, then has what one started for it would have."""
    import importlib  # Every function needs it: better before than after.

    status, _, body = api.function()
    if status != 200:
        sys.exit(1)
    # What the interpreter itself put there at its start.
    coerced = {name: os.environ[name] for name in ("LC_CTYPE",) if name in os.environ}
    os.environ.clear()
    os.environ.update(coerced, **json.loads(body)["env"])
    time.tzset()
    os.chdir(TASK_ROOT)
    # What the finders remember of folders that were empty; importlib's own way to say so imports half of its library.
    for path in OWN_PATHS + [SDK_DIR]:
        sys.path_importer_cache.pop(path, None)
    forget_preloaded()


PRELOADED = set()


def preload():
    """Imports, for all forks to come, the AWS SDK as far as making a client needs it."""
    import importlib  # noqa: F401
    import traceback  # noqa: F401

    try:
        import boto3

        boto3.session.Session("x", "x", region_name="us-east-1").client("sts")
    except ImportError:
        return
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(SDK_DIR + "/"):
            PRELOADED.add(name.partition(".")[0])


def forget_preloaded():
    """A function that brings a copy of any of it gets its own, with all that belongs to it."""
    if any(os.path.exists(path + "/" + name + end) for name in PRELOADED for path in OWN_PATHS for end in ("", ".py")):
        for name in [name for name in sys.modules if name.partition(".")[0] in PRELOADED]:
            del sys.modules[name]


OWN_PATHS = [TASK_ROOT, "/opt/python/lib/python%d.%d/site-packages" % sys.version_info[:2], "/opt/python"]


def set_up():
    """What every process of this runtime needs, whatever its function."""
    sys.stdout.reconfigure(line_buffering=True)
    sys.path[:] = [path for path in sys.path if path not in (RUNTIME_DIR, SDK_DIR)]
    sys.path[:] = OWN_PATHS[:1] + sys.path + OWN_PATHS[1:] + [SDK_DIR]
    sys.meta_path.insert(0, LoggingOnDemand())


def run():
    """Serves a function, which it asks for if it was started without."""
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    if os.environ.pop("CLEARSKY_WAITS", None):
        become_function(api)
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as error:
        result = document(error, "")
        report(result)
        flush()
        headers = {"Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": result["errorType"]}
        api.post("/init/error", headers, json.dumps(result).encode("utf-8"))
        sys.exit(1)
    serve(api, handler)


if __name__ == "__main__":
    sys.modules["bootstrap"] = sys.modules.pop("__main__")
    set_up()
    run()
