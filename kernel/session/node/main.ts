/** Session process: compiles and runs cells, and contains everything that user code can break. */
import { startSession } from "./start";

startSession();
