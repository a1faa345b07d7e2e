/** True where stacks leave out the columns before the author's code on the first line. */
export const hidesHead = true;

/** Tests for a frame of Node in a stack, which says nothing about a cell. */
export const isHostFrame = (line: string): boolean => /[( ]node:/.test(line);
