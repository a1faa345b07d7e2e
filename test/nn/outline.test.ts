import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { inspect } from "node:util";
import { DISPLAY } from "../../kernel/display/describe";
import * as nn from "../../kernel/nn";

class Block extends nn.Module {
  norm = new nn.LayerNorm(4);
  mlp = new nn.Linear(4, 4);
  forward(x: nn.Tensor): nn.Tensor {
    return this.mlp.forward(this.norm.forward(x));
  }
}

class Net extends nn.Module {
  stem = new nn.Linear(3, 4);
  blocks = Array.from({ length: 12 }, () => new Block());
  scale = new nn.Parameter([4], (shape) => new Float32Array(shape[0]));
  head = new nn.Linear(4, 2, { bias: false });
}

describe("the display of a module", () => {
  before(() => nn.start("wasm"));

  it("is a short table: blocks of one structure in a row, parameters, share that trains", () => {
    const net = new Net().freeze().freeze(/^head/, true);
    // stem 3 x 4 + 4, twelve blocks of 8 + 20, scale 4, head 8.
    assert.deepEqual(inspect(net).split("\n"), [
      "Net: 364 parameters, 2.2 % trainable",
      "  part                  kind        parameters  trainable",
      "  stem                  Linear      16          0 %",
      "    weight              [4, 3]      12          0 %",
      "    bias                [4]         4           0 %",
      "  blocks.0 … blocks.11  12 x Block  336         0 %",
      "    norm                LayerNorm   8           0 %",
      "    mlp                 Linear      20          0 %",
      "  scale                 [4]         4           0 %",
      "  head                  Linear      8           100 %",
      "    weight              [2, 4]      8           100 %",
    ]);
    assert.match(net[DISPLAY]()["text/html"], /<caption[^>]*>Net: 364 parameters, 2\.2 % trainable<\/caption>/);
    net.dispose();
  });

  it("keeps blocks apart that differ, as where only the last ones train", () => {
    const net = new Net().freeze(/^blocks\.\d\./);
    const rows = inspect(net)
      .split("\n")
      .filter((line) => line.includes("x Block"));
    assert.deepEqual(
      rows.map((row) => row.trim().split(/ {2,}/)),
      [
        ["blocks.0 … blocks.9", "10 x Block", "280", "0 %"],
        ["blocks.10 … blocks.11", "2 x Block", "56", "100 %"],
      ],
    );
    net.dispose();
  });

  it("has at most 24 rows, and says how many are left out", () => {
    class Wide extends nn.Module {
      layers = Array.from({ length: 40 }, (_, i) => new nn.Linear(1, i + 1));
    }
    const wide = new Wide();
    const lines = inspect(wide).split("\n");
    assert.equal(lines.length, 2 + 24 + 1);
    assert.match(lines[lines.length - 1], /… 16 more parts/);
    wide.dispose();
  });

  it("names a parameter's shape and whether it trains, and a shared parameter counts once", () => {
    class Tied extends nn.Module {
      one = new nn.Linear(2, 2, { bias: false });
      other = this.one;
    }
    const tied = new Tied();
    assert.match(inspect(tied), /^Tied: 4 parameters, 100 % trainable/);
    const weight = tied.one.weight;
    weight.trainable = false;
    assert.equal(inspect(weight), "Parameter\n  shape      [2, 2]\n  values     4\n  trainable  no, frozen");
    tied.dispose();
  });

  it("of an empty module has no share", () => {
    class Empty extends nn.Module {}
    assert.equal(inspect(new Empty()), "Empty: 0 parameters\n  part  kind  parameters  trainable");
  });
});
