/** The part of jstat 1.9 that we use; the package ships no types. */
declare module "jstat" {
  export const jStat: {
    studentt: { inv(probability: number, degreesOfFreedom: number): number };
    normal: {
      cdf(value: number, mean: number, deviation: number): number;
      inv(probability: number, mean: number, deviation: number): number;
    };
  };
}
