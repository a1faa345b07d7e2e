export { hashText, Prng } from "../../prng";
