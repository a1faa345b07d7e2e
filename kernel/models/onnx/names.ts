/** Name of the function that writes models, for errors. */
export const FN = "models.toOnnx";
