/** Declarations that few cells need; the compiler reads them when a text first names one of their modules. */
export interface LateTypes {
  /** Package of the declarations, whose own files name them without need. */
  folder: string;
  files: ReadonlySet<string>;
  /** Finds a name of their modules in the text of a cell. */
  named: RegExp;
}
