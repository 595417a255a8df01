/** Colours of the style sheets, for what is drawn on a canvas. */

/** The colour of a series by its place; they repeat after eight. */
export function seriesColor(index) {
  return css(`--series-${(index % 8) + 1}`);
}

/** A colour or a length of the style sheets. */
export function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
