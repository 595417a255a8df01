/** What the numbers of a KPI's column mean to people: their unit, their target, and which of them are good. */

/** As the catalogue has it; nothing where nobody said anything. */
export function meaningOf(kpi, column) {
  return kpi.columns?.find(({ name }) => name === column) ?? {};
}

/**
 * `good`, `near` or `bad`; null where nobody said what is good. Without a better side all of the band is good; with one all
 * beyond the target, and the rest of the band is near.
 */
export function standingOf({ target, target_low: low, target_high: high, better }, value) {
  if (target === undefined || value === null || value === undefined) return null;
  if (better === 'higher') return value >= target ? 'good' : value >= (low ?? target) ? 'near' : 'bad';
  if (better === 'lower') return value <= target ? 'good' : value <= (high ?? target) ? 'near' : 'bad';
  return low === undefined ? null : value >= low && value <= high ? 'good' : 'bad';
}
