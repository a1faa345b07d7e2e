import { lead, type ObjectFacts } from "../language/facts";
import { ask, type Question, type QuestionType } from "../language/questions";
import { CLEAR_LEAD, relations } from "../language/refer";
import { jpegOf, jsonOf, layoutOf, type Picture } from "./picture";

/** Most questions of each type per image. */
const PER_TYPE = 2;

interface GqaRecord {
  readonly name: string;
  readonly questions: readonly Question[];
  readonly graph: object;
}

/** GQA's structural types. */
const STRUCTURAL: Readonly<Record<QuestionType, string>> = {
  existence: "verify",
  count: "query",
  color: "query",
  relation: "verify",
  comparison: "compare",
  category: "query",
  part: "verify",
};

/**
 * Layout of GQA: question-answer pairs and scene graphs in GQA's files. The same pairs are also written as
 * conversations in LLaVA's form: one per image, with its questions in turn, the first after the line `<image>`.
 */
export const gqa = layoutOf<GqaRecord>({
  files: async (picture) => [[`images/${picture.name}.jpg`, await jpegOf(picture)]],
  record: (picture) => ({
    name: picture.name,
    questions: ask(picture.scene, picture.objects, PER_TYPE),
    graph: graphOf(picture),
  }),
  documents: (records, spec) => [
    [`${spec.split}_balanced_questions.json`, jsonOf(Object.fromEntries(records.flatMap(entries)))],
    [`${spec.split}_sceneGraphs.json`, jsonOf(Object.fromEntries(records.map(({ name, graph }) => [name, graph])))],
    [`llava_${spec.split}.json`, jsonOf(records.filter((r) => r.questions.length > 0).map(conversation))],
  ],
});

function entries({ name, questions }: GqaRecord): [string, object][] {
  return questions.map(({ question, answer, type, objects }, k) => [
    `${name}_${k}`,
    {
      question,
      answer,
      imageId: name,
      isBalanced: true,
      objects,
      types: { structural: STRUCTURAL[type], semantic: type, detailed: type },
    },
  ]);
}

function conversation({ name, questions }: GqaRecord): object {
  const turns = questions.flatMap(({ question, answer }, k) => [
    { from: "human", value: k === 0 ? `<image>\n${question}` : question },
    { from: "gpt", value: answer },
  ]);
  return { id: name, image: `images/${name}.jpg`, conversations: turns };
}

function graphOf({ image, objects, scene }: Picture): object {
  const nodes = objects.map((object) => [String(object.id), nodeOf(object, objects, scene.size)]);
  return { width: image.width, height: image.height, objects: Object.fromEntries(nodes) as object };
}

function nodeOf(object: ObjectFacts, objects: readonly ObjectFacts[], size: number): object {
  const [x1, y1, x2, y2] = object.box;
  const related = objects
    .filter((other) => other !== object)
    .flatMap((other) =>
      relations
        .filter((relation) => lead(relation, object, other) > CLEAR_LEAD * size)
        .map((name) => ({ name, object: String(other.id) })),
    );
  return {
    name: object.category,
    x: x1,
    y: y1,
    w: x2 - x1,
    h: y2 - y1,
    attributes: object.texture === "plain" ? [object.color] : [object.color, object.texture],
    parts: object.parts,
    relations: related,
  };
}
