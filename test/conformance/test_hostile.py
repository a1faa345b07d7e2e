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

    def test_a_display_that_never_settles_can_be_interrupted(self):
        msg_id = self.kernel.client.execute("console.log('begun'); ({ [Symbol.for('Jupyter.display')]: () => new Promise(() => {}) })")
        self.kernel.next_of("stream")
        time.sleep(0.1)
        self.kernel.manager.interrupt_kernel()
        self.assertEqual(self.kernel.reply(msg_id)["ename"], "KeyboardInterrupt")
        self.assert_answers()


if __name__ == "__main__":
    unittest.main()
