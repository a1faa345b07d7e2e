/**
 * Weight of cubic convolution at a distance of `x` samples (Keys 1981): -0.5 for `a` as Pillow and PyTorch with antialiasing, -0.75 as
 * PyTorch without.
 */
export function cubic(x: number, a: -0.5 | -0.75): number {
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}
