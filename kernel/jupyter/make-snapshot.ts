/** Makes the session's start-up snapshot in a separate process. */
import { makeSnapshot } from "./start-snapshot";

makeSnapshot();
