import { grounding, nn, tf } from "./names.ts";
void (async () => {

await nn.start("native");
const head = new grounding.GroundingHead().eval();
const f = { object: tf.randomNormal([1,768]), image: tf.randomNormal([1,400,768]), grid: [20,20] as [number,number], text: tf.randomNormal([1,20,768]), textMask: tf.tensor2d([...Array(12).fill(1),...Array(8).fill(0)],[1,20],"int32") };
for (const branch of ["token","decoder","both"] as const) {
  const ts:number[]=[];
  for (let i=0;i<40;i++){ const s=performance.now(); tf.tidy(()=>{ const r=head.forward(f,branch); const p=r.token ?? r.decoder!.at(-1)!; p.boxes.dataSync(); p.logits.dataSync(); }); ts.push(performance.now()-s);}
  ts.sort((a,b)=>a-b); console.log(branch, ts[4].toFixed(2), ts[20].toFixed(2));
}
process.exit(0);
})();
