/** Makes the session's start-up snapshot in a process of its own. */
import { makeSnapshot } from "./start-snapshot";

makeSnapshot();
