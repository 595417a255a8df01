/** Columns of tables whose rows are objects, by the names of their fields. */
import { number, time } from './format.js';

export const text = (name, field) => ({ name, value: row => row[field], title: row => row[field] });
export const moment = (name, field, form) => ({ name, value: row => row[field], show: row => time(row[field], form) });
export const count = (name, field, decimals = 0) => ({
  name,
  isNumber: true,
  value: row => row[field] ?? null,
  show: row => number(row[field], decimals),
});
