"""Start-up snapshot of the session: what starts from it, and what starts as usual."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import NODE, ROOT, Kernel, wait_until

MAKER = ROOT / "kernel" / "dist" / "jupyter" / "make-snapshot.js"
CELL = "const x: number = 1 + 1; x"


def make(cache, **env):
    subprocess.run([NODE, str(MAKER)], check=True, env={**os.environ, "XDG_CACHE_HOME": str(cache), **env})


def files(cache, pattern):
    return list((Path(cache) / "fovea").glob(pattern))


class SnapshotTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.mkdtemp(prefix="fovea-snapshot-")
        make(cls.made)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.made)

    def setUp(self):
        self.cache = Path(tempfile.mkdtemp(prefix="fovea-snapshot-"))
        self.addCleanup(shutil.rmtree, self.cache, ignore_errors=True)
        shutil.copytree(self.made, self.cache, dirs_exist_ok=True)

    def start(self, **env):
        kernel = Kernel(XDG_CACHE_HOME=str(self.cache), **env)
        self.addCleanup(kernel.stop)
        return kernel

    def started_from_snapshot(self, kernel):
        pid = kernel.run("process.pid").value
        return b"--snapshot-blob" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")

    def change_manifest(self, change):
        (path,) = files(self.cache, "*.json")
        manifest = json.loads(path.read_text())
        change(manifest)
        path.write_text(json.dumps(manifest))

    def assert_starts_as_usual(self, kernel):
        self.assertEqual(kernel.run(CELL).value, "2")
        self.assertFalse(self.started_from_snapshot(kernel))

    def test_a_session_starts_from_it(self):
        kernel = self.start()
        self.assertEqual(kernel.run(CELL).value, "2")
        self.assertTrue(self.started_from_snapshot(kernel))
        self.assertIn("TS2322", kernel.run("const wrong: string = 1").error["traceback"][0])

    def assert_is_picture(self, result):
        shown = [*result.of("execute_result"), *result.of("display_data")]
        self.assertTrue(shown and "image/png" in shown[0]["data"], result.reply)

    def test_its_cells_draw_and_read_pictures(self):
        kernel = self.start()
        pixels = "{ width: 8, height: 8, channels: 3, data: new Uint8Array(192) }"
        drawn = kernel.run(f'import {{ data, view }} from "fovea"; await view.image({pixels})')
        self.assert_is_picture(drawn)
        plotted = kernel.run('import { law } from "fovea"; const table = law.publishedTable(); view.law(table, (options) => law.fit(table, options), { benchmark: "mmbench_en" })')
        self.assert_is_picture(plotted)
        written = kernel.run('await data.world.writeSpair("spair", { categories: ["bird"], images: 2, pairs: 1 }); "written"')
        self.assertEqual(written.value, "'written'", written.reply)
        read = kernel.run('(await data.decodeImage("spair/JPEGImages/bird/world_300000.jpg")).channels')
        self.assertEqual(read.value, "3", read.reply)

    def test_its_cells_have_what_others_have(self):
        kernel = self.start()
        for code, value in [
            ('import { display } from "fovea"; typeof display', "'function'"),
            ('import * as local from "./local"; local.twice(4)', "8"),
            ('import * as mapped from "mapped/local"; mapped.twice(5)', "10"),
            ('import { join } from "node:path"; join("a", "b")', "'a/b'"),
            ('(await import("node:os")).cpus().length > 0', "true"),
            ('import { gzipSync, gunzipSync } from "node:zlib"; gunzipSync(gzipSync("a")).toString()', "'a'"),
            ("process.cwd() === __dirname", "true"),
            ("process.pid > 0 && process.argv.length", "2"),
            ("[typeof Atomics, typeof SharedArrayBuffer, typeof (globalThis as any).WebAssembly].join()", "'object,function,object'"),
            ('new Intl.NumberFormat("en").format(1234)', "'1,234'"),
            ('import { createContext, runInContext } from "node:vm"; runInContext("1 + 1", createContext())', "2"),
            (
                'import { Worker } from "node:worker_threads"; const worker = new Worker("require(\'worker_threads\')'
                '.parentPort.postMessage(3)", { eval: true }); await new Promise((done) => worker.once("message", done))',
                "3",
            ),
        ]:
            (kernel.cwd / "local.ts").write_text("export const twice = (x: number): number => 2 * x;")
            (kernel.cwd / "tsconfig.json").write_text('{ "compilerOptions": { "paths": { "mapped/*": ["./*"] } } }')
            if "mapped" in code:
                kernel.manager.restart_kernel()
                kernel.client.wait_for_ready(timeout=240)
            with self.subTest(code):
                self.assertEqual(kernel.run(code).value, value)

    def test_it_quotes_declarations(self):
        kernel = self.start()
        shown = kernel.client.inspect("Math.max", 8, reply=True, timeout=60)["content"]["data"]["text/plain"]
        self.assertIn("Returns the larger of", shown)
        kernel.run("const list = [1];")
        shown = kernel.client.inspect("list.map", 8, reply=True, timeout=60)["content"]["data"]["text/plain"]
        self.assertIn("callbackfn: (value: number, index: number, array: number[]) => U", shown)
        self.assertIn("Calls a defined callback function", shown)

    def test_a_child_starts_as_usual(self):
        kernel = self.start()
        (kernel.cwd / "child.cjs").write_text("process.send(process.execArgv.join())")
        code = (
            'import { fork } from "node:child_process"; const child = fork("./child.cjs");'
            ' await new Promise((done) => child.once("message", done))'
        )
        self.assertNotIn("snapshot", kernel.run(code).value)

    def test_a_corrupt_one(self):
        (blob,) = files(self.cache, "*.blob")
        with blob.open("r+b") as file:
            file.seek(blob.stat().st_size // 2)
            file.write(os.urandom(4096))
        self.assert_starts_as_usual(self.start())
        self.assertFalse(blob.exists())

    def test_a_half_written_one(self):
        (blob,) = files(self.cache, "*.blob")
        os.truncate(blob, blob.stat().st_size // 2)
        self.assert_starts_as_usual(self.start())

    def test_one_of_other_files(self):
        self.change_manifest(lambda manifest: manifest["held"][0].__setitem__(2, 0))
        self.assert_starts_as_usual(self.start())

    def test_one_of_another_node(self):
        self.change_manifest(lambda manifest: manifest.__setitem__("key", "another"))
        self.assert_starts_as_usual(self.start())

    def test_a_manifest_that_is_none(self):
        (path,) = files(self.cache, "*.json")
        for text in ["", "[]", "null", '{"key": 1}', '{"held": 3}']:
            path.write_text(text)
            with self.subTest(text):
                self.assert_starts_as_usual(self.start())

    def test_a_cache_that_cannot_be_written(self):
        make("/proc/fovea")
        kernel = Kernel(XDG_CACHE_HOME="/proc/fovea")
        self.addCleanup(kernel.stop)
        self.assert_starts_as_usual(kernel)

    def test_a_cache_that_others_may_write(self):
        (self.cache / "fovea").chmod(0o777)
        self.assert_starts_as_usual(self.start())
        make(self.cache)
        self.assertEqual(len(files(self.cache, "*.blob")), 1)
        if os.geteuid() == 0:
            (self.cache / "fovea").chmod(0o700)
            os.chown(self.cache / "fovea", 12345, 12345)
            self.assert_starts_as_usual(self.start())

    def test_one_that_could_not_be_made_is_tried_again_after_a_day(self):
        self.change_manifest(lambda manifest: manifest.update(blob="", size=0))
        (manifest,) = files(self.cache, "*.json")
        make(self.cache)
        self.assertEqual(json.loads(manifest.read_text())["blob"], "")
        os.utime(manifest, (time.time() - 90_000,) * 2)
        make(self.cache)
        self.assertNotEqual(json.loads(manifest.read_text())["blob"], "")

    def test_switched_off(self):
        self.assert_starts_as_usual(self.start(FOVEA_SNAPSHOT="0"))

    def test_a_start_without_one_makes_it_for_the_next(self):
        shutil.rmtree(self.cache / "fovea")
        kernel = self.start()
        self.assert_starts_as_usual(kernel)
        wait_until(lambda: len(files(self.cache, "*.json")) == 1, "the snapshot is made")
        self.assertTrue(self.started_from_snapshot(self.start()))

    def test_making_it_again_leaves_one(self):
        (before,) = files(self.cache, "*.blob")
        self.change_manifest(lambda manifest: manifest.__setitem__("key", "another"))
        make(self.cache)
        (after,) = files(self.cache, "*.blob")
        self.assertNotEqual(before, after)
        self.assertEqual(len(files(self.cache, "session-*")), 2)

    def test_another_maker_at_work(self):
        shutil.rmtree(self.cache / "fovea")
        (self.cache / "fovea").mkdir()
        kernel = self.start()
        kernel.stop()
        make(self.cache)
        (manifest,) = files(self.cache, "*.json")
        lock = manifest.with_suffix(".making")
        manifest.unlink()
        lock.touch()
        make(self.cache)
        self.assertFalse(manifest.exists())
        os.utime(lock, (time.time() - 3600,) * 2)
        make(self.cache)
        self.assertTrue(manifest.exists())


if __name__ == "__main__":
    unittest.main()
