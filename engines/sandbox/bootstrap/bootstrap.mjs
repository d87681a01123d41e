// Runs a Lambda handler: loads it, then serves one request after the other over the Runtime API.

import { createRequire } from "node:module";
import { connect } from "node:net";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { format, types } from "node:util";

const env = process.env;
const TASK_ROOT = env.LAMBDA_TASK_ROOT ?? "/var/task";
const SDK = join(env.LAMBDA_RUNTIME_DIR ?? "/var/runtime", "sdk-nodejs");
const BASE = "/2018-06-01/runtime";

/** One connection to the Runtime API, kept open. It holds the event loop only while an answer is awaited. */
class RuntimeApi {
  #socket;
  #received = Buffer.alloc(0);
  #waiting = null;

  constructor(address) {
    const colon = address.lastIndexOf(":");
    this.authority = address;
    this.#socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)), noDelay: true });
    this.#socket.on("data", (piece) => {
      this.#received = this.#received.length ? Buffer.concat([this.#received, piece]) : piece;
      this.#deliver();
    });
    this.#socket.on("error", () => process.exit(1));
    this.#socket.on("close", () => process.exit(1));
  }

  get(path) {
    return this.#exchange("GET", path, {}, Buffer.alloc(0));
  }

  post(path, document, errorType) {
    const headers = { "Content-Type": "application/json" };
    if (errorType) headers["Lambda-Runtime-Function-Error-Type"] = errorType.replace(/[^\x20-\x7e]/g, "?");
    return this.#exchange("POST", path, headers, Buffer.from(document));
  }

  /** Waits to be told which function this process serves. */
  function() {
    return this.#exchange("GET", "/clearsky/function", {}, Buffer.alloc(0), "");
  }

  #exchange(method, path, headers, body, base = BASE) {
    const lines = [`${method} ${base}${path} HTTP/1.1`, `Host: ${this.authority}`];
    for (const name in headers) lines.push(`${name}: ${headers[name]}`);
    lines.push(`Content-Length: ${body.length}`, "", "");
    this.#socket.ref();
    return new Promise((done) => {
      this.#waiting = done;
      this.#socket.write(Buffer.concat([Buffer.from(lines.join("\r\n")), body]));
    });
  }

  #deliver() {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0 || !this.#waiting) return;
    const [first, ...lines] = this.#received.toString("utf8", 0, end).split("\r\n");
    const headers = {};
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
    }
    const from = end + 4;
    const to = from + Number(headers["content-length"] ?? 0);
    if (this.#received.length < to) return;
    const body = this.#received.toString("utf8", from, to);
    this.#received = this.#received.subarray(to);
    const done = this.#waiting;
    this.#waiting = null;
    this.#socket.unref();
    done({ status: Number(first.split(" ")[1]), headers, body });
  }
}

/** Something wrong with the function's code that Lambda has a name for. */
class Fault extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

/** The request being served. */
let current;

/** Lines as Lambda prints them: time, request, level, text; what it writes for a line break keeps them one log event. */
function print(level, text) {
  const line = `${new Date().toISOString()}\t${current?.id ?? "undefined"}\t${level}\t${text}`;
  process.stdout.write(line.replace(/\n/g, "\x1e") + "\n");
}

function setUpConsole() {
  const levels = { log: "INFO", info: "INFO", debug: "DEBUG", warn: "WARN", error: "ERROR", trace: "TRACE", fatal: "FATAL" };
  for (const name in levels) {
    console[name] = (...values) => {
      const stack = name === "trace" ? "\n" + new Error().stack.split("\n").slice(2).join("\n") : "";
      print(levels[name], format(...values) + stack);
    };
  }
}

/** The error document. */
function describe(error) {
  try {
    if (types.isNativeError(error) || (error?.name && error.message !== undefined && error.stack)) {
      const errorMessage = error.message + (error instanceof Fault ? "" : hint(error));
      return { errorType: error.name, errorMessage, trace: String(error.stack).split("\n") };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  } catch {
    return { errorType: "Error", errorMessage: "the error cannot be described", trace: [] };
  }
}

/** What is printed about an error: all of its own members. */
function detail(error) {
  const members = {};
  if (types.isNativeError(error)) for (const name of Object.keys(error)) members[name] = error[name];
  const { errorType, errorMessage, trace } = describe(error);
  try {
    return JSON.stringify({ errorType, errorMessage, ...members, stack: trace });
  } catch {
    return JSON.stringify({ errorType, errorMessage, stack: trace });
  }
}

/** The file of a module named without its extension, and how it is to be loaded. */
function locate(path) {
  for (const [extension, kind] of [["", "commonjs"], [".js", null], [".mjs", "module"], [".cjs", "commonjs"]]) {
    const file = path + extension;
    if (existsSync(file) && (extension || /\.[cm]?js$/.test(file))) return [file, kind ?? kindOf(dirname(file))];
  }
  return null;
}

/** What `.js` means in a folder: as the nearest package.json says. */
function kindOf(folder) {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, "package.json");
    if (existsSync(file)) {
      try {
        return JSON.parse(readFileSync(file, "utf8")).type === "module" ? "module" : "commonjs";
      } catch {
        return "commonjs";
      }
    }
    if (at === TASK_ROOT || at === dirname(at)) return "commonjs";
  }
}

async function load(handler) {
  if (handler.includes("..")) {
    const advice = "Use absolute paths when specifying root directories in handler names.";
    throw new Fault("Runtime.MalformedHandlerName", `'${handler}' is not a valid handler name. ${advice}`);
  }
  const named = /^([^.]*)\.(.+)$/.exec(basename(handler));
  if (!named) throw new Fault("Runtime.MalformedHandlerName", "Bad handler");
  const [, moduleName, functionName] = named;
  const module = await loadModule(join(dirname(handler), moduleName));
  let found = functionName.split(".").reduce((at, name) => at?.[name], module);
  found ??= functionName.split(".").reduce((at, name) => at?.[name], module?.default);
  if (found === undefined) throw new Fault("Runtime.HandlerNotFound", `${handler} is undefined or not exported`);
  if (typeof found !== "function") throw new Fault("Runtime.HandlerNotFound", `${handler} is not a function`);
  return found;
}

async function loadModule(name) {
  const place = locate(resolve(TASK_ROOT, name));
  if (!place) {
    const stack = "Require stack:\n- /var/runtime/bootstrap.mjs";
    throw new Fault("Runtime.ImportModuleError", `Error: Cannot find module '${name}'\n${stack}`);
  }
  const [file, kind] = place;
  try {
    if (kind === "module") return await import(pathToFileURL(file).href);
    return createRequire(join(TASK_ROOT, "index.js"))(file);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Fault("Runtime.UserCodeSyntaxError", `${error}`);
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND") {
      throw new Fault("Runtime.ImportModuleError", `${error}${hint(error)}`);
    }
    throw error;
  }
}

/** What to do about an SDK that is not there. */
function hint(error) {
  if (error.code !== "MODULE_NOT_FOUND" && error.code !== "ERR_MODULE_NOT_FOUND") return "";
  if (!/'(@aws-sdk|@smithy|aws-sdk)\b/.test(error.message) || existsSync(SDK)) return "";
  return " (the AWS SDK for JavaScript is not on this host: put it into the package)";
}

/** The handler's second argument; `settle` takes an error or a result. */
function context(headers, settle) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const parse = (text) => (text ? JSON.parse(text) : undefined);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parse(headers["lambda-runtime-client-context"]),
    identity: parse(headers["lambda-runtime-cognito-identity"]),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
    done: (error, result) => settle(error, result),
    succeed: (result) => settle(null, result),
    fail: (error) => settle(error ?? new Error("handled")),
  };
}

/** Calls the handler; resolves to its result, however it gives it: by promise, by callback, or not at all. */
function call(handler, event, headers) {
  return new Promise((succeed, fail) => {
    const finish = (error, result) => (error === null || error === undefined ? succeed(result) : fail(error));
    const ctx = context(headers, finish);
    // Nothing is left that could ever answer: Lambda answers null.
    current.idle = () => succeed(null);
    const callback = (error, result) => {
      if (ctx.callbackWaitsForEmptyEventLoop && (error === null || error === undefined)) {
        current.idle = () => finish(error, result);
      } else {
        finish(error, result);
      }
    };
    const returned = handler(event, ctx, callback);
    if (typeof returned?.then === "function") returned.then(succeed, fail);
  });
}

async function serve(api, handler) {
  for (;;) {
    const { status, headers, body } = await api.get("/invocation/next");
    if (status !== 200) process.exit(1);
    const id = headers["lambda-runtime-aws-request-id"];
    current = { id, idle: null };
    if (headers["lambda-runtime-trace-id"]) env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
    else delete env._X_AMZN_TRACE_ID;
    try {
      const result = await call(handler, JSON.parse(body || "null"), headers);
      current.idle = null;
      await api.post(`/invocation/${id}/response`, encode(result));
    } catch (error) {
      current.idle = null;
      print("ERROR", `Invoke Error \t${detail(error)}`);
      const document = describe(error);
      await api.post(`/invocation/${id}/error`, JSON.stringify(document), document.errorType);
    }
  }
}

function encode(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? "null";
  } catch {
    throw new Error("Unable to stringify response body");
  }
}

/** An error that nobody caught ends the process; the platform hears of it first. */
function setUpLastResort(api) {
  let ending = false;
  const end = async (error, status, label) => {
    if (ending) return;
    ending = true;
    print("ERROR", `${label} \t${detail(error)}`);
    const document = describe(error);
    const path = current ? `/invocation/${current.id}/error` : "/init/error";
    await api.post(path, JSON.stringify(document), document.errorType);
    process.exit(status);
  };
  process.on("uncaughtException", (error) => end(error, 129, "Uncaught Exception"));
  process.on("unhandledRejection", (reason) => {
    const error = new Fault("Runtime.UnhandledPromiseRejection", String(reason));
    error.reason = describe(reason);
    end(error, 128, "Unhandled Promise Rejection");
  });
  process.on("beforeExit", () => {
    const idle = current?.idle;
    if (current) current.idle = null;
    idle?.();
  });
}

/** Of a process that was booted ahead: waits for its function, then has what one started for it would have. */
async function becomeFunction(api) {
  const { status, body } = await api.function();
  if (status !== 200) process.exit(1);
  for (const name in env) delete env[name];
  Object.assign(env, JSON.parse(body).env);
  process.chdir(TASK_ROOT);
}

setUpConsole();
const api = new RuntimeApi(env.AWS_LAMBDA_RUNTIME_API);
setUpLastResort(api);
try {
  if (env.CLEARSKY_WAITS) await becomeFunction(api);
  await serve(api, await load(env._HANDLER));
} catch (error) {
  print("ERROR", `Uncaught Exception \t${detail(error)}`);
  const document = describe(error);
  await api.post("/init/error", JSON.stringify(document), document.errorType);
  process.exit(1);
}
