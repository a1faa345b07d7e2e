"""Cells, messages and values that mean harm, on real sockets: the kernel answers what comes after them."""

import json
import os
import signal
import time
import unittest

from harness import TIMEOUT, Kernel, alive, is_idle, wait_until

HOST = 'const host = (globalThis as any)[Symbol.for("fovea.session.host")];'

# Each is an expression that makes something to throw, reject with or return.
THROWN = {
    "message a number": "Object.assign(new Error('x'), { message: 5 })",
    "message an object": "Object.assign(new Error('x'), { message: { a: 1 } })",
    "message without a text": "Object.assign(new Error('x'), { message: { toString() { throw 1 } } })",
    "message a symbol": "Object.assign(new Error('x'), { message: Symbol('m') })",
    "name a symbol": "Object.assign(new Error('x'), { name: Symbol('n') })",
    "getter of message": "Object.defineProperty(new Error('x'), 'message', { get() { throw new Error('no') } })",
    "getter of name": "Object.defineProperty(new Error('x'), 'name', { get() { throw new Error('no') } })",
    "getter of stack": "Object.defineProperty(new Error('x'), 'stack', { get() { throw new Error('no') } })",
    "getter of cause": "Object.defineProperty(new Error('x'), 'cause', { get() { throw new Error('no') } })",
    "getter of code": "Object.defineProperty(new Error('x'), 'code', { enumerable: true, get() { throw new Error('no') } })",
    "getter of constructor": "Object.defineProperty(new Error('x'), 'constructor', { get() { throw 0 } })",
    "getter that throws itself": "(() => { const e: any = new Error('x'); Object.defineProperty(e, 'message', { get() { throw e } }); return e })()",
    "errors a number": "Object.assign(new AggregateError([1]), { errors: 7 })",
    "errors a revoked proxy": "(() => { const { proxy, revoke } = Proxy.revocable([], {}); revoke(); return Object.assign(new AggregateError([]), { errors: proxy }) })()",
    "no constructor": "Object.assign(new Error('x'), { name: '', constructor: undefined })",
    "no prototype": "Object.setPrototypeOf(new Error('x'), null)",
    "an object without a prototype": "Object.create(null)",
    "a proxy that throws": "new Proxy(new Error('x'), { get() { throw new Error('no') }, getPrototypeOf() { throw new Error('no') }, ownKeys() { throw 1 } })",
    "a revoked proxy": "(() => { const { proxy, revoke } = Proxy.revocable(new Error('x'), {}); revoke(); return proxy })()",
    "toString that throws": "({ toString() { throw new Error('no') }, [Symbol.toPrimitive]() { throw new Error('no') } })",
    "inspection that throws": "({ [Symbol.for('nodejs.util.inspect.custom')]() { throw { message: { toString() { throw 1 } } } } })",
    "a cause of itself": "(() => { const e: any = new Error('x'); e.cause = e; return e })()",
    "many causes": "(() => { let e = new Error('x'); for (let i = 0; i < 20000; i++) e = new Error('y', { cause: e }); return e })()",
    "many errors": "new AggregateError(Array.from({ length: 300000 }, (_, i) => i))",
    "a stack of numbers": "Object.assign(new Error('x'), { stack: 7 })",
    "undefined": "undefined",
    "a symbol": "Symbol('s')",
    "a function whose name throws": "Object.defineProperty(() => 1, 'name', { get() { throw 1 } })",
}


class HostileTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()
        cls.kernel.run(HOST)

    @classmethod
    def tearDownClass(cls):
        cls.kernel.stop()

    def assert_answers(self):
        self.assertEqual(self.kernel.run("1 + 1").value, "2")


class ErrorTests(HostileTests):
    def test_every_error_is_reported_however_it_is_thrown(self):
        session = self.kernel.run("process.pid").value
        for name, made in THROWN.items():
            with self.subTest(name):
                for code in (f"throw {made}", f"await 0; throw {made}", f"await Promise.reject({made})"):
                    result = self.kernel.run(code)
                    self.assertEqual(result.reply["status"], "error")
                    self.assertTrue(all(isinstance(result.error[key], str) for key in ("ename", "evalue")))
                self.assertEqual(self.kernel.run(f"const value: any = {made}; value; 1").value, "1")
                self.assertIn(self.kernel.run(f"({made}) as any").reply["status"], ("ok", "error"))
                self.kernel.run("", user_expressions={"e": f"(() => {{ throw {made} }})()"})
        self.assertEqual(self.kernel.run("process.pid").value, session, "none of them ended the session")

    def test_late_errors_are_reported_and_end_nothing(self):
        session = self.kernel.run("process.pid").value
        for made in THROWN.values():
            self.kernel.run(f"setTimeout(() => {{ throw {made} }}, 0); setImmediate(() => void Promise.reject({made}))")
        self.kernel.run("await new Promise((r) => setTimeout(r, 100))")
        self.assertEqual(self.kernel.run("process.pid").value, session)

    def test_what_can_be_read_of_an_error_is_shown(self):
        error = self.kernel.run("throw Object.assign(new RangeError('x'), { message: 5 })").error
        self.assertEqual((error["ename"], error["evalue"]), ("RangeError", "5"))
        error = self.kernel.run("throw Object.defineProperty(new RangeError('kept'), 'cause', { get() { throw 1 } })").error
        self.assertEqual((error["ename"], error["evalue"]), ("RangeError", "kept"))
        self.assertIn("throw Object", error["traceback"][1])

    def test_own_properties_of_an_error_are_shown(self):
        shown = "\n".join(self.kernel.run("require('node:fs').readFileSync('absent.txt')").error["traceback"])
        self.assertIn("code: 'ENOENT'", shown)
        self.assertIn("path: 'absent.txt'", shown)
        shown = "\n".join(self.kernel.run("throw Object.assign(new Error('x'), { detail: { row: 3 } })").error["traceback"])
        self.assertIn("detail: { row: 3 }", shown)

    def test_a_huge_error_is_cut_with_a_notice(self):
        for made in ("new Error('x'.repeat(100e6))", "'x'.repeat(100e6)", "new Error('a', { cause: new Error('x'.repeat(50e6)) })", "Object.assign(new Error('a'), { code: 'x'.repeat(50e6), name: 'n'.repeat(1e6) })"):
            result = self.kernel.run(f"throw {made}")
            self.assertEqual(result.reply["status"], "error")
            self.assertLess(len(json.dumps(result.error)), 2_000_000)
        result = self.kernel.run("throw new Error('x'.repeat(100e6))")
        self.assertIn("cut after 100000 of 100000000 characters", result.error["evalue"])
        self.assertIn("line 1:", result.error["traceback"][-1])
        self.assert_answers()


class DisplayTests(HostileTests):
    def test_a_display_method_may_do_anything(self):
        bodies = ("throw Object.assign(new Error(), { message: 5 })", "return 7", "return null", "return [1]", "return { 'text/plain': { get x() { throw 1 } } }", "return { then() { throw 1 } }", "return new Proxy({}, { ownKeys() { throw 1 } })", "return Promise.reject(undefined)")
        for body in bodies:
            result = self.kernel.run(f"({{ [Symbol.for('Jupyter.display')]() {{ {body} }} }}) as any")
            self.assertEqual(result.reply["status"], "error", body)
            self.assert_answers()
        self.assertEqual(self.kernel.run("({ get [Symbol.for('Jupyter.display')]() { throw 1 } }) as any").reply["status"], "error")
        self.assert_answers()

    def test_a_huge_display_is_cut_with_a_notice(self):
        for made in ("({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': 'x'.repeat(100e6) }) })", "host.display({ 'text/plain': 'x'.repeat(100e6) })", "host.display({ 'image/png': new Uint8Array(100e6) })", "host.display({ 'application/json': Array(20e6).fill(1) })", "'x'.repeat(100e6)", "Array(1e6).fill('x'.repeat(100))"):
            result = self.kernel.run(made)
            self.assertEqual(result.reply["status"], "ok", made)
            (shown,) = result.of("display_data", "execute_result")
            self.assertLess(len(json.dumps(shown)), 2_000_000)
            self.assertRegex(shown["data"]["text/plain"], r"\[fovea: .*(cut after|is left out)|more items|more characters", made)
        large = "x" * 10_000_000
        self.assertEqual(self.kernel.run("host.display({ 'text/html': 'x'.repeat(10e6) })").of("display_data")[0]["data"]["text/html"], large)
        self.assert_answers()

    def test_a_display_that_never_settles_can_be_interrupted(self):
        msg_id = self.kernel.client.execute("console.log('begun'); ({ [Symbol.for('Jupyter.display')]: () => new Promise(() => {}) })")
        self.kernel.next_of("stream")
        time.sleep(0.1)
        self.kernel.manager.interrupt_kernel()
        self.assertEqual(self.kernel.reply(msg_id)["ename"], "KeyboardInterrupt")
        self.assert_answers()


class DefiantLoopTests(HostileTests):
    """Loops that catch what an interrupt throws in them."""

    SLEEP = "const sleep = (ms: number) => new Promise<void>((r) => setTimeout(r, ms));"
    SHAPES = {
        "a loop": "for (;;) { try { await sleep(5) } catch {} }",
        "a loop within a loop": "for (;;) { try { for (;;) { try { await sleep(5) } catch {} } } catch {} }",
        "a function": "const work = async () => { for (;;) { try { await sleep(5) } catch {} } }; await work()",
        "a swallowed rejection": "for (;;) { await sleep(5).catch(() => {}) }",
        "allSettled": "for (;;) { await Promise.allSettled([sleep(5), sleep(6)]) }",
        "a recursion": "const again = async (): Promise<void> => { try { await sleep(5) } catch {} ; return again() }; await again()",
        "a chain": "const next = (): Promise<void> => sleep(5).catch(() => {}).then(next); await next()",
        "timers/promises": "import { setTimeout as nap } from 'node:timers/promises'; for (;;) { try { await nap(5) } catch {} }",
        "fetch": "for (;;) { try { await fetch('http://127.0.0.1:1/'); } catch {} await sleep(1).catch(() => {}) }",
        "output": "for (;;) { try { await sleep(5); console.log() } catch { await null } }",
    }

    def test_they_stop_and_the_next_cell_answers(self):
        self.kernel.run(self.SLEEP)
        session = int(self.kernel.run("process.pid").value)
        for name, loop in self.SHAPES.items():
            with self.subTest(name):
                msg_id = self.kernel.client.execute(f"console.log('begun'); {loop}")
                self.kernel.next_of("stream", accept=lambda m: "begun" in m["content"]["text"])
                time.sleep(0.2)
                self.kernel.manager.interrupt_kernel()
                self.assertEqual(self.kernel.reply(msg_id)["ename"], "KeyboardInterrupt")
                self.assert_answers()
                self.assertEqual(self.kernel.run("let n = 0; for (let i = 0; i < 1e5; i++) n++; n").value, "100000")
                before = processor_time(session)
                time.sleep(0.5)
                self.assertLess(processor_time(session) - before, 0.25, "it holds no core")


def processor_time(pid):
    """Seconds."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def nested(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth


class DeepTests(HostileTests):
    def send(self, msg_type, content, header=None):
        """Signed, with parts as they are: Python's own writer of JSON would run out of stack."""
        client = self.kernel.client
        message = client.session.msg(msg_type, {})
        parts = [json.dumps(message["header"], default=str).encode(), b"{}", b"{}", content]
        if header is not None:
            parts[0] = parts[0][:-1] + b', "extra": ' + header + b"}"
        client.shell_channel.socket.send_multipart([b"<IDS|MSG>", client.session.sign(parts), *parts])
        return message["header"]["msg_id"]

    def until_idle(self, msg_id):
        self.kernel.next_of("status", accept=lambda m: m["parent_header"].get("msg_id") == msg_id and is_idle(m))

    def test_deep_comm_messages_are_answered_with_idle_and_harm_nothing(self):
        self.kernel.run("host.registerCommTarget('deep', (comm: any) => comm.onMessage((m: any) => comm.send(m.data)))")
        self.until_idle(self.send("comm_open", b'{"comm_id": "d", "target_name": "deep", "data": {}}'))
        for kind in ("comm_msg", "comm_open"):
            for depth in (400, 499, 600, 4_000, 5_000, 6_000, 100_000):
                data = nested(depth)
                self.until_idle(self.send(kind, b'{"comm_id": "d", "target_name": "deep", "data": ' + data + b"}"))
                self.assert_answers()

    def test_a_deep_header_or_content_is_refused_by_name(self):
        session = self.kernel.run("process.pid").value
        for depth in (5_000, 6_000, 100_000):
            for content, header in ((b'{"code": "1"}', nested(depth)), (b'{"code": "1", "x": ' + nested(depth) + b"}", None)):
                reply = self.kernel.reply(self.send("execute_request", content, header))
                self.assertEqual((reply["status"], reply["ename"]), ("error", "MessageError"))
                self.assertIn("nests at most 500 deep", reply["evalue"])
        self.assertEqual(self.kernel.run("process.pid").value, session)

    def test_deep_data_of_a_cell_is_refused_by_name(self):
        self.kernel.run("const deep = (n: number) => { let v: any = 1; for (let i = 0; i < n; i++) v = { a: v }; return v }")
        for call in ("host.display({ 'application/json': deep(N) })", "host.openComm('t', { data: deep(N) })", "({ [Symbol.for('Jupyter.display')]: () => ({ 'application/json': deep(N) }) })"):
            self.assertEqual(self.kernel.run(call.replace("N", "400")).reply["status"], "ok")
            for depth in ("5000", "100000"):
                error = self.kernel.run(call.replace("N", depth)).error
                self.assertIn("must not nest deeper than 500", error["evalue"])
                self.assert_answers()


LINK = """
const fds: number[] = require('node:fs').readdirSync('/proc/self/fd').map(Number);
const write = (...bytes: number[]) => require('node:fs').writeSync(3, Buffer.from(bytes));
"""
FORGE = """
const forge = (message: any) => {
  const json = Buffer.from(typeof message === "string" ? message : JSON.stringify(message));
  const head = Buffer.alloc(12);
  head.writeUInt32LE(0x4145564f, 0); head.writeUInt32LE(1, 4); head.writeUInt32LE(json.length, 8);
  require('node:fs').writeSync(3, Buffer.concat([head, json]));
};
const never = new Promise(() => {});
const deepText = '{"type":"stream","name":"stdout","text":"x","parent":' + '{"a":'.repeat(9000) + '1' + '}'.repeat(9001);
"""


class PoisonTests(HostileTests):
    """User code shares a process with the session, never with the kernel."""

    def setUp(self):
        self.kernel.run("%reset")

    def assert_session_ended(self, code, word):
        kernel_pid = self.kernel.pid
        result = self.kernel.run(code)
        self.assertEqual(result.error["ename"], "SessionCrashed", code)
        self.assertIn(word, result.error["evalue"])
        self.assert_answers()
        self.assertTrue(alive(kernel_pid))

    def test_broken_frames_end_the_session_only(self):
        for bytes_ in ("1, 2, 3, 4, 5, 6, 7, 8", "255, 255, 255, 255, 255, 255, 255, 255", "1, 0, 0, 0, 0, 0, 0, 16"):
            self.kernel.run(LINK)
            self.assert_session_ended(f"write({bytes_}); await new Promise(() => {{}})", "what is no message")

    def test_forged_messages_end_the_session_only(self):
        forged = [
            "{}", "{ type: 5 }", "{ type: 'constructor' }", "{ type: 'done' }", "{ type: 'done', parent: { msg_id: 'x' } }",
            "{ type: 'stream', name: 'x', text: 'a' }", "{ type: 'stream', name: 'stdout', text: 5 }",
            "{ type: 'stream', name: 'stdout', text: 'a', parent: 7 }", "{ type: 'display', data: 5 }",
            "{ type: 'display', data: {}, metadata: {}, update: false, buffers: ['x'] }", "{ type: 'commOpen' }", "deepText", "'['.repeat(90000)", "'null'",
        ]
        for message in forged:
            self.kernel.run(FORGE)
            self.assert_session_ended(f"forge({message}); await never", "what is no message")

    def test_a_replaced_toJSON_while_output_flows(self):
        session = self.kernel.run("process.pid").value
        for body in ("return 5", "throw new Error('x')", "return undefined"):
            result = self.kernel.run(f"(Object.prototype as any).toJSON = function () {{ {body} }}; for (let i = 0; i < 200; i++) console.log(i);")
            self.assertTrue(result.text().endswith("199\n"))
            self.assert_answers()
            self.kernel.run("delete (Object.prototype as any).toJSON")
        self.assertEqual(self.kernel.run("process.pid").value, session)

    def test_replaced_intrinsics_do_not_reach_the_session(self):
        thrower = "(() => { throw 1 }) as any"
        every = "for (const name of Reflect.ownKeys(X)) if (!['length', 'constructor', 'pop'].includes(String(name))) try { (X as any)[name] = T } catch {}"
        fields = "['type', 'text', 'parent', 'name', 'text/plain', 'status', 'buffers', 'interrupted', 'length', 'then', 'toJSON', 'callback', 'message', 'stack', 'cause']"
        descriptors = "['value', 'writable', 'enumerable', 'configurable', 'get', 'done', 'next', 'default', 'encoding', 'signal', 'then', 'toJSON']"
        poisons = {
            "promises": "globalThis.Promise = class {} as any; Object.getPrototypeOf((async () => {})()).then = T;",
            "the constructor of promises": "Object.defineProperty(Promise.prototype, 'constructor', { get: T, configurable: true }); Object.defineProperty(Promise, Symbol.species, { get: T, configurable: true });",
            "globals": "for (const name of ['JSON', 'Map', 'Set', 'Array', 'Error', 'Reflect', 'Proxy', 'String', 'RegExp', 'Promise', 'setTimeout', 'setImmediate', 'Buffer', 'Object']) (globalThis as any)[name] = undefined;",
            "JSON": "JSON.stringify = T; JSON.parse = (() => 7) as any;",
            "arrays": every.replace("X", "Array.prototype"),
            "texts": every.replace("X", "String.prototype") + " RegExp.prototype.exec = T;",
            "collections": "Map.prototype.get = T; Set.prototype.has = T; Object.keys = T; Object.entries = T;",
            "functions of constructors": f"for (const X of [Object, Reflect, JSON, Math, Array, Number, String, Promise, Symbol]) {every}",
            "iterators": "Object.getPrototypeOf([].values()).next = T; Object.getPrototypeOf(new Map().values()).next = T; Object.getPrototypeOf(new Set().values()).next = T; Object.getPrototypeOf(Object.getPrototypeOf((function* () {}).prototype)).next = T;",
            "prototypes": "Object.setPrototypeOf(Promise.prototype, null); Object.setPrototypeOf(Map.prototype, null); Object.setPrototypeOf(Uint8Array.prototype, null); Object.setPrototypeOf(Array.prototype, new Proxy({}, { get: T, has: T, set: T }));",
            "accessors": f"const names = {fields}; for (const name of names) Object.defineProperty(Object.prototype, name, {{ get: T, set: T, configurable: true }});",
            "values": f"const names = {descriptors}; for (const name of names) (Object.prototype as any)[name] = 5;",
            "a then of everything": "(Object.prototype as any).then = () => {}; (Array.prototype as any).then = () => {};",
            "indices": "for (const i of [0, 1, 2]) for (const X of [Array, Object]) Object.defineProperty(X.prototype, String(i), { set: T, get: T, configurable: true });",
            "symbols": "(Object.prototype as any)[Symbol.toPrimitive] = T; (Object.prototype as any)[Symbol.iterator] = T; (Object.prototype as any)[Symbol.toStringTag] = 5;",
            "frozen": "Object.freeze(Object.prototype); Object.freeze(Array.prototype); Object.freeze(Function.prototype);",
            "modules": "for (const m of ['fs', 'path', 'vm', 'util', 'url']) { const X = require(m); for (const name of Object.keys(X)) if (typeof X[name] === 'function') try { X[name] = T } catch {} }",
        }
        for name, poison in poisons.items():
            with self.subTest(name):
                self.doCleanups()
                self.addCleanup(self.kernel.run, "process.abort()")
                session = self.kernel.run("const session = process.pid; session").value
                self.kernel.run(f"{{ const T = {thrower}; {poison} }}")
                self.assertEqual(self.kernel.run("console.log('out'); 1 + 1").value, "2")
                self.assertEqual(self.kernel.run("await 0; 1 + 1").value, "2")
                self.assertEqual(self.kernel.run("throw new RangeError('told')").error["evalue"], "told")
                self.assertEqual(self.kernel.run("const text: string = 5").error["ename"], "TypeScriptError")
                self.assertEqual(self.kernel.ask(self.kernel.client.complete("const q = { alpha: 1 }; q.al"))["matches"], ["alpha"])
                expressions = self.kernel.run("", user_expressions={"e": "await 1 + 2"}).reply["user_expressions"]
                self.assertEqual(expressions["e"]["data"]["text/plain"], "3")
                cell = self.kernel.client.execute("for (;;);")
                self.kernel.next_of("execute_input")
                self.kernel.manager.interrupt_kernel()
                self.assertEqual(self.kernel.finish(cell).reply["ename"], "KeyboardInterrupt")
                self.assertEqual(self.kernel.run("session").value, session)

    def test_what_cannot_be_taken_back_ends_the_session_where_it_must_and_says_so(self):
        for change in ("'toJSON', { value: () => { throw 1 } }", "'0', { value: 3 }", "'type', { set() { throw 1 } }"):
            self.assert_session_ended(f"Object.defineProperty(Object.prototype, {change}); 1", "cannot be taken back")
        session = self.kernel.run("process.pid").value
        self.kernel.run("Object.defineProperty(Object.prototype, 'mine', { value: () => 'mine' })")
        self.assertEqual(self.kernel.run("({} as any).mine()").value, "'mine'")
        self.assertEqual(self.kernel.run("process.pid").value, session)
        self.kernel.run("process.abort()")

    def test_a_replaced_intrinsic_stays_replaced_for_the_user(self):
        self.kernel.run("Array.prototype.map = function () { return ['mine'] as any };")
        self.assertEqual(self.kernel.run("[1, 2].map(String)").value, "[ 'mine' ]")
        self.kernel.run("process.abort()")

    def test_a_getter_that_returns_what_was_there_is_soon_left_to_the_user(self):
        getter = "get() { calls++; return map; }, configurable: true"
        self.kernel.run(f"let calls = 0; const map = Array.prototype.map; Object.defineProperty(Array.prototype, 'map', {{ {getter} }});")
        for _ in range(20):
            self.kernel.run("0")
        calls = int(self.kernel.run("calls").value)
        self.kernel.run("0")
        self.assertEqual(self.kernel.run("[1, 2].map(String)").value, "[ '1', '2' ]")
        self.assertEqual(int(self.kernel.run("calls").value), calls + 1)
        self.kernel.run("process.abort()")


class MemoryTests(HostileTests):
    HEAP = """require('node:v8').setFlagsFromString('--expose-gc');
const collect = require('node:vm').runInNewContext('gc') as () => void;
const used = (): number => { collect(); const { heapUsed, external } = process.memoryUsage(); return heapUsed + external; };"""
    KINDS = {
        "a value": lambda i: "1 + 1",
        "output": lambda i: "console.log('a line'); console.error('another')",
        "an error": lambda i: "throw new Error('x')",
        "a refusal": lambda i: "const wrong: number = 'x'",
        "a name again": lambda i: f"const again = {{ n: {i} }}; again.n",
        "an await": lambda i: "await 0; await new Promise((r) => setTimeout(r, 0))",
        "a display": lambda i: "host.display({ 'text/plain': 'x', 'text/html': '<b>x</b>' })",
    }

    def test_a_session_keeps_little_of_cells_that_are_over(self):
        self.kernel.run(self.HEAP)
        kinds = list(self.KINDS.values())

        def used_after(count):
            for i in range(count):
                self.kernel.run(kinds[i % len(kinds)](i))
            return int(self.kernel.run("used()").value)

        # Measured: 3 kB, of which Node keeps 1.4 kB of each vm.Script. The compiler keeps 5 kB more of each cell, but begins anew after
        # each thousand at most, so that any thousand cells hold one such beginning.
        before = used_after(300)
        kept = (used_after(1000) - before) / 1000
        self.assertLess(kept, 5000, f"{kept:.0f} bytes are kept of each cell")


class StoppedProcessTests(unittest.TestCase):
    def test_a_stopped_session_is_gone_after_shutdown(self):
        for now in (False, True):
            kernel = Kernel()
            self.addCleanup(kernel.stop)
            session = int(kernel.run("process.pid").value)
            self.addCleanup(lambda pid=session: alive(pid) and os.kill(pid, signal.SIGKILL))
            os.kill(session, signal.SIGSTOP)
            kernel.manager.shutdown_kernel(now=now)
            wait_until(lambda: not alive(session), f"the stopped session is gone, now={now}")


if __name__ == "__main__":
    unittest.main()
