/**
 * The ESLint rule `fovea/spreads`: no array of unbounded length is spread into a call that takes one argument a value. Engines
 * keep arguments on the stack and throw a RangeError at some hundred thousand of them. `least`, `most` and `append` of
 * `kernel/numeric` take any number.
 *
 * Allowed are spreads whose length is fixed: of a shape or a point by its name (`dims`, `inputSize`, `box`), and of a part
 * that `slice`, `subarray` or `splice` cuts by a number or a constant in capitals.
 */
const ONE_EACH = new Map([
  ["Math", ["min", "max", "hypot"]],
  ["String", ["fromCharCode", "fromCodePoint"]],
]);
const METHODS = ["push", "unshift", "splice", "concat"];
const FIXED = /(?:shape|dims|size|sides|axes|stride|point|box|grid|corner)$/i;
const CUTS = ["slice", "subarray", "splice"];

/** Name of a call that takes one argument a value, or null. */
export function nameOf(callee) {
  if (callee.type !== "MemberExpression" || callee.computed) return null;
  const { object, property } = callee;
  if (METHODS.includes(property.name)) return property.name;
  const known = object.type === "Identifier" && ONE_EACH.get(object.name);
  return known && known.includes(property.name) ? `${object.name}.${property.name}` : null;
}

const isConstant = (node) =>
  (node?.type === "Literal" && typeof node.value === "number") ||
  (node?.type === "Identifier" && /^[A-Z][A-Z\d_]*$/.test(node.name)) ||
  (node?.type === "UnaryExpression" && isConstant(node.argument));

/** True for `i + 8` and `CHUNK`. */
const isNear = (node) => isConstant(node) || (node?.type === "BinaryExpression" && isConstant(node.right));

/** True if the length of a spread value is known from its text. */
export function isFixed(value) {
  if (value.type === "Identifier") return FIXED.test(value.name);
  if (value.type === "MemberExpression" && !value.computed) return FIXED.test(value.property.name);
  if (value.type !== "CallExpression" || value.callee.type !== "MemberExpression") return false;
  const { name } = value.callee.property;
  if (name === "map") return isFixed(value.callee.object);
  return CUTS.includes(name) && isNear(value.arguments[1]);
}

export const spreads = {
  meta: { type: "problem", schema: [] },
  create(context) {
    const report = (node, name) =>
      context.report({ node, message: `${name} must not take an array of any length: use least, most or append.` });
    return {
      CallExpression(node) {
        const { callee, arguments: given } = node;
        const name = nameOf(callee);
        const long = given.find((one) => one.type === "SpreadElement" && !isFixed(one.argument));
        if (name && long) report(long, name);
        const applied = callee.type === "MemberExpression" && callee.property.name === "apply" && nameOf(callee.object);
        if (applied) report(node, applied);
      },
    };
  },
};
