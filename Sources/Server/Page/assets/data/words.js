/** The words of the query language, of grammar/keywords.txt; a test compares them. */
const list = text => text.trim().split(/\s+/);

export const reserved = list(`
select from where group by having order limit as and or not in between like is null true false`);

export const contextual = list(`
explain analyze value change events for prove into verify log define alter redefine drop rebuild
backfill show describe to compare switch stream kpi facet since until last at every rolling
timeseries slide time zone fill previous linear with ago asc desc per bucket of seq using
version only final whole buckets now today yesterday lateness key dedup within no explode element unit format dimensions source streams kpis
fields watermark late rejected duplicates ahead versions sources history create arrival
schedule schedules cron alert alerts on early notify sink sinks
pause resume field topic
target higher lower better column`);

export const functions = list(`
count sum avg min max stddev variance distinct first last delta rate increase time_avg median
percentile quantile top abs round floor ceil sqrt ln log10 exp power coalesce nullif greatest
least zscore pct_change`);
