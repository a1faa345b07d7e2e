import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import * as alignment from "../../extension/src/alignment/state";
import * as atlas from "../../extension/src/atlas/state";
import * as attention from "../../extension/src/attention/state";
import * as correspondence from "../../extension/src/correspondence/state";
import { linkState, type LinkFields } from "../../extension/src/frame/link";
import * as gallery from "../../extension/src/gallery/state";
import * as grounding from "../../extension/src/grounding/state";
import * as law from "../../extension/src/law/state";
import { fragmentOf, readFragment } from "../../extension/src/page/link";
import * as refinement from "../../extension/src/refinement/state";
import * as review from "../../extension/src/review/state";
import * as training from "../../extension/src/training/state";
import * as protocol from "../../kernel/dist/protocol";
import { smallPayload } from "./payload";

const { initialState, linkFields } = correspondence;
type ViewState = correspondence.ViewState;

interface SavedNotebook {
  cells: { outputs?: { data?: Record<string, unknown> }[] }[];
}

describe("links to views", () => {
  it("hold kind, position and any state, in characters that an address takes as they are", () => {
    const link = { kind: "grounding", at: 12, state: { phrase: '赤い鳥 + "?/&', pins: [1, 2.5], table: true } };
    const fragment = fragmentOf(link);
    assert.match(fragment, /^#view=grounding\.12\.[\w-]+$/);
    assert.deepEqual(readFragment(fragment), link);
    assert.deepEqual(readFragment(fragmentOf({ ...link, state: {} })), { ...link, state: {} });
  });

  it("leave other fragments alone, and refuse damaged ones", () => {
    for (const other of ["", "#", "#a-heading", "#views"]) assert.equal(readFragment(other), undefined);
    const damaged = ["#view=", "#view=law", "#view=law.0", "#view=law.0.", "#view=law.x.e30", "#view=LAW.0.e30"];
    damaged.push("#view=law.0.e3", "#view=law.0.e30=", "#view=law.0._w", `#view=law.0.${"e".repeat(4004)}`);
    for (const fragment of damaged)
      assert.throws(() => readFragment(fragment), /^Error: it (has not|is damaged)/, fragment);
  });

  it("have a bound", () => {
    const state = { text: "x".repeat(4000) };
    assert.throws(() => fragmentOf({ kind: "law", at: 0, state }), /the state of this view is too long for a link/);
  });
});

describe("the state of a link", () => {
  const payload = smallPayload();
  function viewer(): { state: ViewState; link: ReturnType<typeof linkState<ViewState>> } {
    const held = { state: initialState(payload) };
    const link = linkState(linkFields(payload), {
      get: () => held.state,
      set: (state) => void (held.state = state),
    });
    return Object.assign(held, { link });
  }

  it("holds what the reader changed, and not the pointer", () => {
    const one = viewer();
    assert.deepEqual(one.link.read(), {});
    const cursor = { side: 1 as const, point: [3, 4] as [number, number] };
    one.state = { ...one.state, opacity: 0.25, grid: true, cursor, pins: [cursor], hover: cursor, hideHeat: true };
    const read = one.link.read();
    assert.deepEqual(read, { opacity: 0.25, grid: true, cursor, pins: [cursor] });
    const other = viewer();
    other.link.take(JSON.parse(JSON.stringify(read)));
    assert.deepEqual(other.state, { ...initialState(payload), ...read });
  });

  it("takes the choices anew: those of an earlier link are gone", () => {
    const one = viewer();
    one.link.take({ grid: true });
    one.link.take({ opacity: 1 });
    assert.deepEqual(one.state, { ...initialState(payload), opacity: 1 });
  });

  it("refuses a value that does not fit the view, and then changes nothing", () => {
    const [{ width }] = payload.images;
    const wrong: [unknown, RegExp][] = [
      [7, /must be an object/],
      [[], /must be an object/],
      [{ layer: payload.layers.length }, /layer must be an integer in 0\.\./],
      [{ opacity: "0.5" }, /opacity must be a finite number in 0\.\.1/],
      [{ colormap: "constructor" }, /colormap must be one of/],
      [{ grid: 1 }, /grid must be true or false/],
      [{ cursor: { side: 2, point: [0, 0] } }, /cursor\.side must be an integer in 0\.\.1/],
      [{ cursor: { side: 0, point: [width + 1, 0] } }, /cursor\.point\[0\] must be a finite number/],
      [{ cursor: { side: 0 } }, /cursor\.point must be an array/],
      [{ pins: Array.from({ length: 65 }, () => ({ side: 0, point: [0, 0] })) }, /pins must be an array of 0\.\.64/],
    ];
    for (const [value, message] of wrong) {
      const one = viewer();
      assert.throws(() => one.link.take(value), message);
      assert.deepEqual(one.state, initialState(payload));
    }
  });

  it("takes nothing that it does not know", () => {
    const one = viewer();
    one.link.take(JSON.parse('{ "hideHeat": true, "__proto__": { "grid": true }, "other": 1 }'));
    assert.deepEqual(one.state, initialState(payload));
  });
});

/** Viewers with their payload's reader, the state that they open with and the fields of their links. */
const VIEWERS: Record<string, (data: unknown) => [state: object, fields: object]> = {
  [protocol.ALIGNMENT_MIME]: of(protocol.readAlignment, { linkFields: alignment.linkFields }, (payload) =>
    alignment.initialState(payload, 0),
  ),
  [protocol.ATLAS_MIME]: of(protocol.readAtlas, atlas),
  [protocol.ATTENTION_MIME]: of(protocol.readAttention, attention),
  [protocol.CORRESPONDENCE_MIME]: of(protocol.readCorrespondence, correspondence),
  [protocol.GALLERY_MIME]: of(protocol.readGallery, gallery),
  [protocol.GROUNDING_MIME]: of(protocol.readGrounding, grounding),
  [protocol.LAW_MIME]: of(protocol.readLaw, law),
  [protocol.REFINEMENT_MIME]: of(protocol.readRefinement, refinement),
  [protocol.REVIEW_MIME]: of(protocol.readReview, review),
  [protocol.TRAINING_MIME]: (data) => {
    const { runs } = protocol.readTraining(data);
    return [training.INITIAL, training.linkFields(runs.map((run) => protocol.RunRecord.load(run)))];
  },
};

function of<P, S extends object>(
  read: (data: unknown) => P,
  room: { linkFields(payload: P): LinkFields<S>; initialState?(payload: P): S },
  open = (payload: P): S => room.initialState?.(payload) as S,
): (data: unknown) => [S, LinkFields<S>] {
  return (data) => {
    const payload = read(data);
    return [open(payload), room.linkFields(payload)];
  };
}

describe("the views of the notebooks", () => {
  const folder = join(import.meta.dirname, "..", "..", "notebooks");
  const bundles = readdirSync(folder)
    .filter((name) => name.endsWith(".ipynb"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as SavedNotebook)
    .flatMap(({ cells }) => cells.flatMap(({ outputs = [] }) => outputs.map(({ data = {} }) => data)));

  for (const [mime, open] of Object.entries(VIEWERS)) {
    const views = bundles.filter((bundle) => mime in bundle);
    it(`open in states that a link can hold: ${mime}`, { skip: views.length === 0 && "no notebook has one" }, () => {
      for (const view of views) {
        const [state, fields] = open(view[mime]);
        const held = { state };
        const link = linkState<object>(fields, { get: () => held.state, set: (next) => void (held.state = next) });
        const known = Object.keys(fields).filter((name) => name in state);
        assert.ok(known.length >= 2, mime);
        link.take(JSON.parse(JSON.stringify(state)));
        assert.deepEqual(held.state, state);
        assert.deepEqual(link.read(), {});
      }
    });
  }
});
