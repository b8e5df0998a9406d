/** The places nearest to those that are wanted (in ascending order) that keep `gap` between neighbours. */
export function spaced(wanted: readonly number[], gap: number): number[] {
  // Pool adjacent violators, on what is left of each place when the gaps before it are taken off.
  const blocks: { sum: number; count: number }[] = [];
  wanted.forEach((place, i) => {
    let block = { sum: place - i * gap, count: 1 };
    for (let last = blocks.at(-1); last && last.sum / last.count > block.sum / block.count; last = blocks.at(-1)) {
      blocks.pop();
      block = { sum: last.sum + block.sum, count: last.count + block.count };
    }
    blocks.push(block);
  });
  const places: number[] = [];
  for (const { sum, count } of blocks) for (let n = 0; n < count; n++) places.push(sum / count + places.length * gap);
  return places;
}
